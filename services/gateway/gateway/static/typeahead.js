// While somebody types: the names that QuickBooks has, as suggestions of a field or as the results of a page.

const WAIT = 180;

function whenTypingRests(input, act) {
  let timer = null;
  let last = input.value;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (input.value !== last) act((last = input.value));
    }, WAIT);
  });
}

for (const input of document.querySelectorAll("input[data-typeahead][list]")) {
  const list = document.getElementById(input.getAttribute("list"));
  const suggest = async (text) => {
    const query = new URLSearchParams({ list: input.dataset.typeahead, q: text });
    const answer = await fetch(`/api/quickbooks/search?${query}`, { cache: "no-store" }).catch(() => null);
    if (!answer?.ok || input.value !== text) return;
    const { found } = await answer.json();
    list.replaceChildren(...found.map(({ name, detail }) => new Option(detail, name)));
  };
  whenTypingRests(input, suggest);
  input.addEventListener("focus", () => suggest(input.value), { once: true });
}

for (const form of document.querySelectorAll("form[data-results]")) {
  const input = form.querySelector("input[type=search]");
  whenTypingRests(input, async (text) => {
    const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
    const answer = await fetch(address, { headers: { "X-Live-Refresh": "1" }, cache: "no-store" }).catch(() => null);
    if (!answer?.ok || input.value !== text) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const results = fresh.getElementById(form.dataset.results);
    if (results) document.getElementById(form.dataset.results).replaceChildren(...results.childNodes);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    document.querySelector(`#${form.dataset.results} button`)?.focus();
  });
}
