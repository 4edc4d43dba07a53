// A table whose rows are sorted by the column that is clicked, and whose rows disappear with their series.

import { make } from "console/page";
import { markOf } from "console/scatter";

const ROWS_MAX = 300; // shown at first; a button shows the others

export class SortableTable {
  // `block`: as in simulator/lab/page/blocks.py; `root` is the element to insert.
  constructor(block, lookOf, shown) {
    Object.assign(this, { block, lookOf, shown, column: null, isDescending: false, limit: ROWS_MAX });
    this.body = make("tbody");
    this.heads = [block.heading, ...block.columns.map((column) => column.heading)].map((heading, place) => make("th",
      { scope: "col", class: place && !block.has_bars ? "number" : null, title: place ? block.columns[place - 1].about || null : null },
      heading ? make("button", { type: "button", class: "sort", onclick: () => this.#sort(place) }, heading, make("span", { "aria-hidden": "true", class: "arrow" })) : ""));
    this.more = make("button", { type: "button", hidden: true, onclick: () => { this.limit = Infinity; this.redraw(); } }, "Show all rows");
    this.root = make("div", {}, make("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": block.title },
      make("table", { class: "sortable" }, make("caption", {}, make("span", {}, block.title)), make("thead", {}, make("tr", {}, ...this.heads)), this.body)), this.more);
    this.redraw();
  }

  redraw() {
    const rows = this.#rows().filter((row) => this.shown(row.series));
    this.more.hidden = rows.length <= this.limit;
    this.body.replaceChildren(...rows.slice(0, this.limit).map((row) => this.#row(row)));
    this.heads.forEach((head, place) => {
      const isChosen = place === this.column;
      if (isChosen) head.setAttribute("aria-sort", this.isDescending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
      const arrow = head.querySelector(".arrow");
      if (arrow) arrow.textContent = isChosen ? (this.isDescending ? " ▼" : " ▲") : "";
    });
  }

  // First ascending, then descending, then the order of the page.
  #sort(place) {
    if (this.column !== place) [this.column, this.isDescending] = [place, false];
    else if (!this.isDescending) this.isDescending = true;
    else [this.column, this.isDescending] = [null, false];
    this.redraw();
  }

  #rows() {
    if (this.column === null) return this.block.rows;
    const key = (row) => (this.column ? row.cells[this.column - 1].value ?? row.cells[this.column - 1].text : row.name);
    const order = (one, other) => {
      const [a, b] = [key(one), key(other)];
      if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1; // without a value: at the end
      if (typeof a === "number") return this.isDescending ? b - a : a - b;
      return (this.isDescending ? -1 : 1) * a.localeCompare(b, "en", { numeric: true });
    };
    return [...this.block.rows].sort(order);
  }

  #row(row) {
    return make("tr", { class: row.cells.some((cell) => cell.is_hollow) ? "failing" : null },
      make("th", { scope: "row" }, row.series === null ? null : markOf(this.lookOf(row.series)), row.name, ...row.marks.map((mark) => make("span", { class: "row-mark" }, mark))),
      ...row.cells.map((cell) => make("td", { class: [cell.bar === undefined ? "number" : "bars", cell.is_best ? "best" : ""].join(" ").trim() },
        cell.bar === undefined ? cell.text : make("span", { class: "amount" }, cell.text), bar(cell), cell.spread ? make("span", { class: "spread" }, ` ${cell.spread}`) : null)));
  }
}

function bar(cell) {
  if (!cell.bar) return null;
  const drawn = make("span", { class: cell.is_hollow ? "bar hollow" : "bar", "aria-hidden": "true" });
  drawn.style.setProperty("--share", cell.bar.toFixed(4));
  return drawn;
}
