// SPDX-License-Identifier: BSD-2-Clause
/* What one flow did lately: each of some figures as a row of heights, with its least and its most. */
#include <stdio.h>
#include <string.h>

#include "screen/detail.h"
#include "screen/draw.h"
#include "screen/human.h"
#include "screen/trail.h"

#define SPAN_S 120
#define SIGNS_MAX 120
#define SIGNS_LEAST 7
/* " 1023Ki..1023Ki b/s" */
#define FIGURES_WIDTH 19
#define SPARK_MAX (SIGNS_MAX * 4 + 1)
#define BITS 8
#define US_PER_S 1000000

/* How many signs there are, and how many intervals each is for. */
struct scale {
	unsigned signs, intervals;
};

/* Two minutes; where intervals are long, as many of them as there is room for. */
static struct scale scale_for(int width, double interval_s)
{
	int room = width - DETAIL_INDENT - FIGURES_WIDTH;
	/* Before the first interval its length is not known. */
	unsigned wanted = interval_s >= 1 ? (unsigned)(SPAN_S / interval_s) : SPAN_S, per;

	if (room > SIGNS_MAX)
		room = SIGNS_MAX;
	if (room < SIGNS_LEAST)
		room = SIGNS_LEAST;
	per = (wanted + (unsigned)room - 1) / (unsigned)room;
	if (per <= 1)
		return (struct scale){.signs = (unsigned)room, .intervals = 1};
	return (struct scale){.signs = (wanted + per - 1) / per, .intervals = per};
}

static double tx_of(const struct trail_point *p)
{
	return (double)p->tx_rate;
}

static double rx_of(const struct trail_point *p)
{
	return (double)p->rx_rate;
}

static double srtt_of(const struct trail_point *p)
{
	return p->srtt_us;
}

static double retrans_of(const struct trail_point *p)
{
	return p->retrans;
}

enum figure { FIGURE_RATE, FIGURE_MS, FIGURE_COUNT };

static void put_figures(const struct scene *s, enum figure figure, double least, double most, char *buf,
			size_t size)
{
	char low[HUMAN_MAX], high[HUMAN_MAX];
	int times = figure == FIGURE_RATE && s->ui->bits ? BITS : 1;

	if (figure == FIGURE_MS) {
		human_ms(least, low);
		human_ms(most, high);
	} else {
		human_number(least * times, s->ui->binary, low);
		human_number(most * times, s->ui->binary, high);
	}
	snprintf(buf, size, "%s..%s%s", low, high,
		 figure == FIGURE_MS	? " ms"
		 : figure == FIGURE_COUNT ? ""
		 : s->ui->bits		? " b/s"
					: " B/s");
}

/* Of several intervals a sign shows the one with the most. A time that was not measured is no time of 0. */
static void say_trail(struct detail *d, const struct scene *s, const struct scale *scale,
		      const struct trail_point *point, const char *name,
		      double (*value)(const struct trail_point *p), enum figure figure)
{
	struct trail_point sign[SIGNS_MAX] = {0};
	char spark[SPARK_MAX], figures[2 * HUMAN_MAX + 16], text[SPARK_MAX + 96];
	double least = 0, most = 0;
	bool any = false;

	for (unsigned i = 0; i < scale->signs * scale->intervals; i++) {
		struct trail_point *to = &sign[i / scale->intervals];
		double v = value(&point[i]);

		if (!point[i].is_seen || (figure == FIGURE_MS && v <= 0))
			continue;
		if (!to->is_seen || v > value(to))
			*to = point[i];
		least = any && least < v ? least : v;
		most = v > most ? v : most;
		any = true;
	}
	if (!any)
		return;
	spark[draw_spark(sign, scale->signs, d->ascii, most, value, spark)] = '\0';
	put_figures(s, figure, least, most, figures, sizeof(figures));
	snprintf(text, sizeof(text), "  %-10s %s %s", name, spark, figures);
	detail_line(d, 0, text, strlen(text), 0);
}

void detail_trails(struct detail *d, struct scene *s, uint32_t track)
{
	/* The last sign may be for a little more than what is wanted. */
	static struct trail_point point[2 * SIGNS_MAX];
	struct scale scale = scale_for(d->width, s->interval_s);
	unsigned intervals = scale.signs * scale.intervals;
	double sign_s = scale.intervals * s->interval_s;
	char span[HUMAN_MAX], sign[HUMAN_MAX];

	memset(point, 0, sizeof(point));
	trail_read(s->journal, s->moment, &track, NULL, 1, intervals, point);
	human_age((uint64_t)(scale.signs * sign_s * US_PER_S), span);
	human_age((uint64_t)(sign_s * US_PER_S), sign);
	detail_say(d, 0, "  history    the last %s, %s a sign; beside it least and most", span, sign);
	say_trail(d, s, &scale, point, "sent", tx_of, FIGURE_RATE);
	say_trail(d, s, &scale, point, "received", rx_of, FIGURE_RATE);
	say_trail(d, s, &scale, point, "srtt", srtt_of, FIGURE_MS);
	say_trail(d, s, &scale, point, "sent again", retrans_of, FIGURE_COUNT);
}
