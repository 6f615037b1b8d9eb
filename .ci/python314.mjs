// Run .ci/python314.py by the CPython that the npm package pyodide carries, on the files of this checkout.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [pyodide, packages, ...options] = process.argv.slice(2);
const { loadPyodide } = await import(resolve(pyodide, "node_modules/pyodide/pyodide.mjs"));
const python = await loadPyodide({ args: ["-B"], env: { HOME: "/home", TZ: "UTC" } });
python.mountNodeFS("/checkout", resolve(here, ".."));
python.mountNodeFS("/compiled", resolve(pyodide, "site"));
python.mountNodeFS("/packages", resolve(packages));
python.globals.set("options", python.toPy(options));
process.exitCode = python.runPython(readFileSync(resolve(here, "python314.py"), "utf8"), { filename: "python314.py" });
