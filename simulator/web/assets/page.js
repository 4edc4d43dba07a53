// Shared functions of the pages: creating elements, reading the colours of the theme.

// An element with attributes and children; text is always text, never markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}

// Writing the same text again would cause a new layout of the page.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Writes figures with their names in the given order; unchanged ones are not written.
export function figures(list, root) {
  const names = list.map(([name]) => name).join();
  if (root.dataset.names !== names) {
    root.dataset.names = names;
    root.replaceChildren(...list.map(([name]) => make("div", {}, make("dt", {}, name), make("dd", { id: `${root.id}-${name.split(" ")[0]}` }))));
  }
  list.forEach(([, value], place) => {
    const told = root.children[place].lastChild;
    setText(told, value);
    if (told.title !== value) told.title = value;
  });
}

const NAMES = ["page", "panel", "ink", "soft", "line", "blue", "orange", "green", "red", "purple", "sky", "idle"];

// The theme's colours, for drawing on a canvas.
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// Calls back when the theme changes: by the system, or by the button (whose choice is kept).
export function onTheme(changed) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
}

export function themeButton(button) {
  const root = document.documentElement;
  const chosen = kept("theme");
  if (chosen) root.dataset.theme = chosen;
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const label = () => setText(button, isDark() ? "Light" : "Dark");
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep("theme", root.dataset.theme);
    label();
  });
  label();
}

// Storage may be forbidden (a file opened from disk in a strict browser): then no value is stored.
export function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

export function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* not kept */ }
}

// Tabs by the ARIA pattern: arrows move, Home and End jump, the panel follows.
export function tabs(list) {
  const all = [...list.querySelectorAll('[role="tab"]')];
  const choose = (tab, focus) => {
    for (const other of all) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      byId(other.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (focus) tab.focus();
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) choose(tab, true);
  });
  list.addEventListener("keydown", (event) => {
    const here = all.indexOf(document.activeElement);
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
    if (here < 0 || to === undefined) return;
    event.preventDefault();
    choose(all[(to + all.length) % all.length], true);
  });
  choose(all[0], false);
}
