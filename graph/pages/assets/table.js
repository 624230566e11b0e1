// Filters a table as somebody types: rows that have the words stay.  Everything is there without it.
"use strict";
document.documentElement.classList.add("scripted");
for (const table of document.querySelectorAll("table[data-filter]")) {
  const field = document.getElementById(table.dataset.filter);
  const count = document.getElementById(table.dataset.count);
  const rows = [...table.tBodies[0].rows];
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} / ${rows.length}`;
  };
  field.addEventListener("input", filter);
  filter();
}
