(() => {
  "use strict";
  const form = document.getElementById("filter");
  const { words, verdict, all } = form.elements;
  const status = form.querySelector("output");
  const items = Array.from(document.querySelectorAll("[data-verdict]"), (node) => ({
    node,
    verdicts: node.dataset.verdict.split(" "),
    text: node.textContent.toLowerCase(),
  }));
  const groups = Array.from(document.querySelectorAll("[data-group]"), (node) => ({
    node,
    wasOpen: node.open,
  }));

  const apply = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const isFiltered = wanted.length > 0 || verdict.value !== "";
    let shown = 0;
    for (const { node, verdicts, text } of items) {
      const isOfVerdict = verdict.value === "" || verdicts.includes(verdict.value);
      const fits = isOfVerdict && wanted.every((word) => text.includes(word));
      node.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const { node, wasOpen } of groups) {
      const holdsAny = node.querySelector("[data-verdict]:not([hidden])") !== null;
      node.hidden = !holdsAny;
      if (node.matches("details")) node.open = isFiltered ? holdsAny : wasOpen;
    }
    status.textContent = isFiltered ? `${shown} of ${items.length} shown` : "";
  };

  // A link leads to what is closed or filtered out, too.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) {
      form.reset();
      apply();
    }
    for (let node = target; node; node = node.parentElement) {
      if (node.matches("details")) node.open = true;
    }
    target.scrollIntoView();
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  all.addEventListener("click", () => {
    const open = all.getAttribute("aria-pressed") !== "true";
    all.setAttribute("aria-pressed", String(open));
    for (const node of document.querySelectorAll("main details")) node.open = open;
  });
  addEventListener("hashchange", reveal);
  reveal();
})();
