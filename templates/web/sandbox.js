// The sandbox page works without this script; with it, the list updates itself and keys turn the pages.
"use strict";

const EVERY = 2000; // milliseconds

async function refresh() {
  const live = document.getElementById("live");
  if (!live || document.hidden || live.querySelector("details[open]")) return;
  const state = await (await fetch(live.dataset.state)).json();
  const onFirstPage = !new URLSearchParams(location.search).get("page");
  const same = String(state.total) === live.dataset.total &&
    (!onFirstPage || String(state.newest ?? "") === live.dataset.newest);
  if (same) return;
  const answer = await fetch(location.href);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  const focused = document.activeElement?.closest("#live a")?.getAttribute("href");
  live.replaceWith(document.adoptNode(fresh));
  if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

async function watch() {
  try {
    await refresh();
    document.body.classList.remove("lost");
  } catch {
    document.body.classList.add("lost"); // the sandbox has stopped
  }
  setTimeout(watch, EVERY);
}

function follow(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest?.("input, pre, .fields")) return; // there, keys move and scroll
  document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
}

document.addEventListener("keydown", follow);
if (document.getElementById("live")) setTimeout(watch, EVERY);
