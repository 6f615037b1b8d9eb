// A field that offers what its server knows while one types (ARIA: combobox with a list, the focus stays in it).
"use strict";

function combobox(input, choose) {
  const list = document.createElement("ul");
  list.id = `${input.id}-offers`;
  list.role = "listbox";
  list.ariaLabel = "People";
  list.hidden = true;
  input.after(list);
  input.role = "combobox";
  input.ariaAutoComplete = "list";
  input.ariaExpanded = "false";
  input.setAttribute("aria-controls", list.id);
  let asked = 0, at = -1;

  function close() {
    asked++;
    at = -1;
    list.hidden = true;
    input.ariaExpanded = "false";
    input.removeAttribute("aria-activedescendant");
  }

  function move(to) {
    const options = [...list.children];
    if (!options.length) return;
    at = (to + options.length) % options.length;
    options.forEach((option, index) => { option.ariaSelected = String(index === at); });
    options[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[at].id);
  }

  function take(option) {
    input.value = option.dataset.reader;
    close();
    choose(option.dataset.reader);
  }

  function offered(offer, index) {
    const option = document.createElement("li"), note = document.createElement("span");
    option.id = `${list.id}-${index}`;
    option.role = "option";
    option.ariaSelected = "false";
    option.dataset.reader = offer.reader;
    note.textContent = offer.note;
    option.append(offer.name, note);
    option.addEventListener("mousedown", (event) => { event.preventDefault(); take(option); });
    return option;
  }

  async function open(typed) {
    const turn = ++asked;
    const answer = await fetch(`${input.dataset.people}?${new URLSearchParams({ q: typed })}`);
    const { people } = await answer.json();
    if (turn !== asked || document.activeElement !== input) return;
    list.replaceChildren(...people.map(offered));
    at = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !people.length;
    input.ariaExpanded = String(!list.hidden);
  }

  input.addEventListener("focus", () => { input.select(); open(""); });
  input.addEventListener("click", () => { if (list.hidden) open(""); });
  input.addEventListener("input", () => open(input.value.trim()));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open(input.value.trim());
      else move(at < 0 && event.key === "ArrowUp" ? -1 : at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      take(list.children[at]);
    } else if (event.key === "Enter") {
      close();
    }
  });
}
