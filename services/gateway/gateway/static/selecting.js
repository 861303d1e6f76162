// Rows that can be ticked: all of a page at once, and how many they are.

for (const form of document.querySelectorAll("form[data-selecting]")) {
  const all = form.querySelector("[data-select-all]");
  const told = form.querySelector("[data-selected]");
  if (!all) continue;
  const rows = () => [...form.querySelectorAll("input[name=pick]")];
  const buttons = form.querySelectorAll(".selection button");

  function count() {
    const ticked = rows().filter((each) => each.checked).length;
    all.checked = ticked > 0 && ticked === rows().length;
    all.indeterminate = ticked > 0 && !all.checked;
    told.textContent = ticked ? `${ticked} selected` : "Select all on this page";
    for (const button of buttons) button.disabled = ticked === 0;
  }

  all.hidden = false;
  all.addEventListener("change", () => {
    for (const each of rows()) each.checked = all.checked;
    count();
  });
  form.addEventListener("change", (event) => {
    if (event.target !== all) count();
  });
  addEventListener("pageshow", count);
  count();
}
