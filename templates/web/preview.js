// The preview works without this script; with it, the page follows every change, and keys choose what it shows.
"use strict";

const EVERY = 500; // milliseconds between looks for changes
const PATIENCE = 1500; // how long a frame may load before it is shown as far as it is
const SCROLLED = [".shown", ".findings"];
const TYPING = "input, select, textarea";
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

let latest = 0;
let shown = new URL(location); // what the page on the screen was made for; `location` may be ahead of it

const live = () => document.querySelector("#live:not(.entering)");
const say = (words) => { document.getElementById("status").textContent = words; };

// Shows the page at `url` in place of this one: no flash, and the reader keeps their place in it.
async function show(url, { renewed = false } = {}) {
  const turn = ++latest;
  const answer = await fetch(url);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (turn !== latest) return;
  if (!fresh) return location.assign(url);
  const spot = document.activeElement?.dataset.spot;
  await enter(document.adoptNode(fresh), turn);
  if (turn !== latest) return;
  shown = new URL(url, location);
  document.title = page.title;
  if (!renewed) follow(page);
  prepare();
  if (spot) live().querySelector(`[data-spot="${CSS.escape(spot)}"]`)?.focus({ preventScroll: true });
}

async function enter(fresh, turn) {
  const old = live(), before = old.querySelector("iframe"), frame = fresh.querySelector("iframe");
  for (const fold of old.querySelectorAll("details[open]")) {
    fresh.querySelector(`[data-fold="${fold.dataset.fold}"]`)?.setAttribute("open", "");
  }
  document.querySelector(".entering")?.remove();
  if (!before || !frame) {
    const places = SCROLLED.map((each) => old.querySelector(each)?.scrollTop ?? 0);
    old.replaceWith(fresh);
    SCROLLED.forEach((each, index) => { (fresh.querySelector(each) ?? {}).scrollTop = places[index]; });
    return;
  }
  const inside = document.activeElement === before;
  const loaded = new Promise((done) => { frame.addEventListener("load", done); setTimeout(done, PATIENCE); });
  fresh.classList.add("entering");
  old.after(fresh);
  await loaded;
  if (turn !== latest) return;
  const place = old.dataset.issue === fresh.dataset.issue ? before.contentWindow.scrollY : 0;
  const same = before.clientWidth === frame.clientWidth;
  const share = place / Math.max(before.contentDocument.documentElement?.scrollHeight ?? 1, 1);
  old.remove();
  fresh.classList.remove("entering");
  const height = frame.contentDocument.documentElement?.scrollHeight ?? 0;
  frame.contentWindow.scrollTo({ top: same ? place : share * height, behavior: "instant" });
  if (inside) frame.focus();
}

// After another page was chosen: what stands outside of the part that is exchanged.
function follow(page) {
  for (const id of ["issue", "reader"]) {
    const mine = document.getElementById(id), theirs = page.getElementById(id);
    if (!mine || !theirs) continue;
    mine.value = theirs.value;
    mine.placeholder = theirs.placeholder;
  }
  document.querySelector(".file .at")?.scrollIntoView({ block: "center" });
}

async function go(url) {
  if (String(url) !== location.href) history.pushState(null, "", url);
  await show(url);
}

// Where a link leads, together with what was asked for while its page was still on the screen.
function ahead(link) {
  const url = new URL(link.href), asked = new URL(location).searchParams;
  for (const name of new Set([...asked.keys(), ...shown.searchParams.keys()])) {
    if (url.searchParams.get(name) !== shown.searchParams.get(name)) continue;
    if (asked.has(name)) url.searchParams.set(name, asked.get(name));
    else url.searchParams.delete(name);
  }
  return url;
}

function chosen(names) {
  const url = new URL(location);
  url.searchParams.delete("line");
  url.hash = "";
  for (const [name, value] of Object.entries(names)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
}

async function renew() {
  const { mark, state } = live().dataset;
  const answer = await fetch(state || location.href);
  if (answer.ok && state && (await answer.json()).mark === mark) return;
  if (!answer.ok && answer.status < 500) return;
  if (!answer.ok && !state) return;
  await show(location.href, { renewed: true });
  const broken = live().querySelector(".broken h1");
  say(broken ? broken.textContent : `Renewed ${new Date().toLocaleTimeString()}`);
}

async function watch() {
  try {
    if (!document.hidden) await renew();
    if (document.body.classList.contains("lost")) say("Following changes");
    document.body.classList.remove("lost");
  } catch {
    document.body.classList.add("lost");
    say("mailer preview has stopped");
  }
  setTimeout(watch, EVERY);
}

// One stop for the Tab key in each group; arrows move within it.
function prepare() {
  for (const group of document.querySelectorAll("[data-rove]")) {
    const links = [...group.querySelectorAll("a")];
    const stop = links.find((link) => link.ariaCurrent) ?? links[0];
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }
  const frame = live().querySelector("iframe");
  // Keys go on working while the mail has the focus.
  const listen = () => frame.contentDocument?.addEventListener("keydown", onKey);
  frame?.addEventListener("load", listen);
  if (frame) listen();
}

function rove(event) {
  const group = event.target.closest?.("[data-rove]");
  const links = group ? [...group.querySelectorAll("a")] : [];
  const at = links.indexOf(event.target), step = STEPS[event.key];
  if (at < 0 || !step) return;
  event.preventDefault();
  const next = links[(at + step + links.length) % links.length];
  for (const link of links) link.tabIndex = link === next ? 0 : -1;
  next.focus();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(TYPING)) return;
  const places = { "/": "#reader", o: "#issue", f: ".findings a" };
  const place = document.querySelector(places[event.key]);
  const link = live().querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
  if (place) { event.preventDefault(); place.closest("details")?.setAttribute("open", ""); place.focus(); } else if (link) link.click();
  else rove(event);
}

function onClick(event) {
  const link = event.target.closest?.("#live a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const url = new URL(link.href);
  if (link.download || link.hasAttribute("download") || url.pathname !== location.pathname) return;
  if (url.search === location.search && url.hash && !url.searchParams.get("line")) return; // a place on this page
  event.preventDefault();
  go(ahead(link));
}

document.body.classList.add("scripted");
document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches?.(TYPING)) event.target.blur();
});
addEventListener("popstate", () => show(location.href));
document.getElementById("issue")?.addEventListener("change", (event) => go(chosen({ issue: event.target.value })));
const reader = document.getElementById("reader");
if (reader) combobox(reader, (value) => { go(chosen({ reader: value })); });
document.querySelector(".pick")?.addEventListener("submit", (event) => {
  event.preventDefault();
  go(chosen({ reader: reader.value.trim() }));
});
if (live()) {
  prepare();
  say("Following changes");
  setTimeout(watch, EVERY);
}
