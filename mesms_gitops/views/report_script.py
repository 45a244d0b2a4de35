"""The one script of the report: it hides and reorders rows of the table that stands in the page, and nothing else.

It makes no markup out of text, keeps nothing and asks nobody; the policy of the page knows it by its digest. Without it
the page is complete: what needs it is hidden until it runs.
"""

from __future__ import annotations

SCRIPT = """
"use strict";
(() => {
  const table = document.getElementById("campaigns");
  if (!table) return;
  const byId = (id) => document.getElementById(id);
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const figures = new Set(heads.flatMap((head, at) => head.classList.contains("n") ? [at] : []));
  const amount = (text) => text === "" ? null : Number(text.replace(/[,%+]/g, ""));
  const value = (cell, at) => figures.has(at)
    ? amount(cell.firstChild ? cell.firstChild.textContent.trim() : "")
    : (cell.querySelector("time")?.dateTime ?? (cell.querySelector("b") ?? cell).textContent.trim());
  const rows = [...body.rows].map((row, place) => {
    const cells = [...row.cells];
    const values = cells.map(value);
    return { row, place, values, share: amount(cells[6].querySelector("small")?.textContent ?? ""),
      text: cells[0].textContent.toLowerCase(), phase: values[1], has: row.className.split(" ") };
  });
  const wanted = { key: 0, down: false };

  const say = (key, down) => {
    wanted.key = key;
    wanted.down = down;
    heads.forEach((head, at) => {
      if (at === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const chosen = `${key} ${down ? "down" : "up"}`;
    byId("order").value = [...byId("order").options].some((one) => one.value === chosen) ? chosen : "";
  };

  const sort = (key, down) => {
    const of = (one) => key === "share" ? one.share : one.values[key];
    rows.sort((one, other) => {
      const [a, b] = [of(one), of(other)];
      const empty = (a === null || a === "") - (b === null || b === "");
      if (empty) return empty;
      const order = a < b ? -1 : a > b ? 1 : 0;
      return (down ? -order : order) || one.place - other.place;
    });
    body.append(...rows.map((one) => one.row));
    say(key, down);
  };

  const filter = () => {
    const words = byId("name").value.toLowerCase().split(/\\s+/).filter(Boolean);
    const [phase, has] = [byId("phase").value, byId("has").value];
    const kept = rows.filter((one) => {
      const stays = words.every((word) => one.text.includes(word)) && (!phase || one.phase === phase)
        && (!has || one.has.includes(has));
      one.row.hidden = !stays;
      return stays;
    });
    const sum = (at) => kept.reduce((total, one) => total + (one.values[at] ?? 0), 0).toLocaleString("en-US");
    const count = (many) => many.toLocaleString("en-US");
    byId("found").textContent = `${count(kept.length)} of ${count(rows.length)} campaigns: ${sum(3)} recipients, `
      + `${sum(5)} delivered, ${sum(6)} failed, ${sum(7)} unknown`;
  };

  const clear = () => {
    for (const id of ["name", "phase", "has"]) byId(id).value = "";
    filter();
  };
  heads.forEach((head, at) => {
    if (head.textContent === "outcome") return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(at, wanted.key === at ? !wanted.down : figures.has(at)));
    head.append(button);
  });
  byId("name").addEventListener("input", filter);
  byId("phase").addEventListener("change", filter);
  byId("has").addEventListener("change", filter);
  byId("clear").addEventListener("click", clear);
  byId("order").addEventListener("change", (event) => {
    const [key, way] = event.target.value.split(" ");
    if (way) sort(key === "share" ? key : Number(key), way === "down");
  });
  addEventListener("hashchange", () => {
    const row = location.hash && byId(location.hash.slice(1));
    if (row && row.hidden) {
      clear();
      row.scrollIntoView();
    }
  });
  byId("filter").hidden = false;
  clear();
  say(0, false);
})();
"""
