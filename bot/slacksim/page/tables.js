// Data tables: pages of rows, sorted by the column whose head is pressed. What
// is shown stays when the server renders the table anew.
"use strict";

const shownPages = new WeakMap(); // table -> its page, from 0
const sortings = new WeakMap(); // table -> {column, down}

const showTables = () => {
  for (const box of document.querySelectorAll(".b-data")) {
    sortRows(box);
    showPage(box);
  }
};

const showPage = (box) => {
  const rows = [...box.querySelectorAll("tbody tr")];
  const size = Number(box.dataset.page);
  const last = Math.max(0, Math.ceil(rows.length / size) - 1);
  const page = Math.min(shownPages.get(box) || 0, last);
  rows.forEach((row, i) => { row.hidden = Math.floor(i / size) !== page; });
  const status = box.querySelector(".b-pages [role=status]");
  if (!status) return;
  const words = `${page * size + 1} to ${Math.min((page + 1) * size, rows.length)} of ${rows.length}`;
  if (status.textContent !== words) status.textContent = words;
  box.querySelector('[data-turn="-1"]').disabled = page === 0;
  box.querySelector('[data-turn="1"]').disabled = page === last;
};

const turnPage = (el) => {
  const box = el.closest(".b-data");
  shownPages.set(box, Math.max(0, (shownPages.get(box) || 0) + Number(el.dataset.turn)));
  showPage(box);
};

const sortRows = (box) => {
  const by = sortings.get(box);
  const heads = [...box.querySelectorAll("thead th")];
  heads.forEach((head, i) => {
    if (by && by.column === i) head.setAttribute("aria-sort", by.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
  if (!by) return;
  const body = box.querySelector("tbody");
  const words = (row) => row.children[by.column].textContent;
  const sorted = [...body.rows].sort((a, b) => (by.down ? -1 : 1) * words(a).localeCompare(words(b), undefined, { numeric: true }));
  if (sorted.some((row, i) => row !== body.rows[i])) body.append(...sorted);
};

const sortBy = (el) => {
  const box = el.closest(".b-data");
  const column = [...el.closest("tr").children].indexOf(el.closest("th"));
  const by = sortings.get(box);
  sortings.set(box, { column, down: by?.column === column && !by.down });
  shownPages.set(box, 0);
  sortRows(box);
  showPage(box);
};
