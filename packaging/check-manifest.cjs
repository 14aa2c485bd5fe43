// SPDX-License-Identifier: BSD-2-Clause
// Checks each document of a manifest against the schema that Kubernetes publishes for its kind: the npm package
// kubernetes-models has validators made from them.
//     NODE_PATH=FOLDER/node_modules node check-manifest.cjs FILE...
// A validator does not mind what it does not know, as the API server does; but it never looks at it either.
const fs = require("fs");
const path = require("path");
const yaml = require("js-yaml");

// The same data; `seen` gets the path of whatever is looked at.
function watched(value, at, seen) {
	if (value === null || typeof value !== "object")
		return value;
	return new Proxy(value, {
		get(target, key) {
			if (typeof key === "symbol" || !Object.hasOwn(target, key))
				return target[key];
			seen.add(`${at}/${key}`);
			return watched(target[key], `${at}/${key}`, seen);
		},
	});
}

function* paths(value, at) {
	if (value === null || typeof value !== "object")
		return;
	for (const key of Object.keys(value)) {
		yield `${at}/${key}`;
		yield* paths(value[key], `${at}/${key}`);
	}
}

function check(file, document) {
	const { apiVersion, kind } = document;
	const models = require(`kubernetes-models/${apiVersion}/${kind}`);
	const name = Object.keys(models).find((key) => key.startsWith("IoK8s"));
	const { validate } = require(path.join(path.dirname(require.resolve("kubernetes-models")), "_schemas", `${name}.js`));
	const seen = new Set();
	if (!validate(watched(document, "", seen)))
		throw new Error(`${file}: ${kind}: ${JSON.stringify(validate.errors)}`);
	const unknown = [...paths(document, "")].filter((one) => !seen.has(one));
	if (unknown.length)
		throw new Error(`${file}: ${kind}: unknown: ${unknown.join(" ")}`);
	console.log(`${file}: ${apiVersion} ${kind} ${document.metadata.name}: valid`);
}

const documents = process.argv.slice(2).flatMap((file) =>
	yaml.loadAll(fs.readFileSync(file, "utf8")).map((document) => [file, document]));
if (!documents.length)
	throw new Error("nothing to check");
documents.forEach(([file, document]) => check(file, document));
