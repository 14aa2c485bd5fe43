// SPDX-License-Identifier: BSD-2-Clause
/* What is told of flows from rows of lists, and of their end without a notice; truth is the model's. */
#include "source/netlink_flows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "count_model.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "source/netlink_net.h"

/* Looks that have to miss a flow before it counts as gone. */
#define MISSES 2

struct told {
	unsigned closes;
	uint64_t rx_bytes, tx_bytes; /* of the last close */
};

static void take(void *context, const struct event *ev)
{
	struct told *told = context;

	if (ev->head.kind != EV_CLOSE)
		return;
	told->closes++;
	told->rx_bytes = ev->count.rx_bytes;
	told->tx_bytes = ev->count.tx_bytes;
}

static struct watch watch = {.max_flows = 8};
static struct diag_net net;

static struct source source_for(struct told *told)
{
	return (struct source){
		.watch = &watch, .live_table = true, .emit = take, .emit_context = told};
}

static void show(struct netlink_flows *f, struct diag row)
{
	row.cookie = 1;
	row.family = 4;
	row.lport = 80;
	row.rport = 1000;
	f->look++;
	netlink_flows_seen(f, &net, &row);
}

static void miss(struct netlink_flows *f)
{
	for (int i = 0; i < MISSES; i++) {
		f->look++;
		netlink_flows_sweep(f, &net);
	}
}

/* Both states of the row were read before the FIN came, and the counters after it. */
static struct diag torn_by_fin(struct model *m)
{
	struct diag d;

	net_receive_fin(m, ST_CLOSE_WAIT);
	d = look(m);
	d.state = d.info.tcpi_state = ST_ESTABLISHED;
	return d;
}

static void a_fin_that_tore_a_list_is_no_byte_of_a_flow_without_notice(void **state)
{
	struct told told = {0};
	struct source source = source_for(&told);
	struct model m = model_new(false);
	struct netlink_flows f;

	(void)state;
	netlink_flows_init(&f, &source);
	net_receive(&m, 900);
	show(&f, look(&m));
	net_receive(&m, 45);
	show(&f, torn_by_fin(&m));
	/* Our answer goes on, in lists that know of the FIN. */
	app_write(&m, 7000);
	net_send(&m, 7000);
	net_ack_all(&m);
	show(&f, look(&m));
	show(&f, look(&m));
	miss(&f);
	assert_int_equal(told.closes, 1);
	assert_int_equal(told.rx_bytes, m.peer_sent);
	assert_int_equal(told.tx_bytes, m.app_wrote);
	netlink_flows_done(&f);
}

static void what_came_before_a_fin_stays(void **state)
{
	struct told told = {0};
	struct source source = source_for(&told);
	struct model m = model_new(true);
	struct netlink_flows f;

	(void)state;
	netlink_flows_init(&f, &source);
	net_receive(&m, 900);
	show(&f, look(&m));
	net_receive(&m, 1);
	show(&f, look(&m));
	net_receive_fin(&m, ST_CLOSE_WAIT);
	show(&f, look(&m));
	miss(&f);
	assert_int_equal(told.closes, 1);
	assert_int_equal(told.rx_bytes, m.peer_sent);
	netlink_flows_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fin_that_tore_a_list_is_no_byte_of_a_flow_without_notice),
		cmocka_unit_test(what_came_before_a_fin_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
