// What pages gain when JavaScript runs. Every one of them works without it.
(() => {
  "use strict";

  const root = document.documentElement;
  root.classList.add("js");

  // Copying: <button data-copy="id of what to copy" data-copied="Copied">.
  const copyFallback = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };

  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    const text = "value" in source ? source.value : source.textContent.trimEnd();
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyFallback(text);
      button.focus();
    }
    const label = button.querySelector("[data-label]");
    const word = label.textContent;
    if (word === button.dataset.copied) return;
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = word; }, 2000);
  };

  // Counting down: <span data-countdown="a moment in ISO 8601">in 2 hours</span>.
  const countDown = () => {
    for (const place of document.querySelectorAll("[data-countdown]")) {
      const left = Math.max(0, Math.floor((new Date(place.dataset.countdown) - Date.now()) / 1000));
      const two = (number) => String(number).padStart(2, "0");
      place.textContent = `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
    }
  };
  countDown();
  setInterval(countDown, 1000);

  // Menus close when the reader turns elsewhere.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.open = false;
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    closeMenus(event.target.closest("details.menu"));
  });

  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // The exact time of a relative one, in the reader's own time zone.
  document.addEventListener("pointerover", (event) => {
    const time = event.target.closest("time[datetime]");
    if (!time || time.dataset.local) return;
    time.dataset.local = "yes";
    const moment = new Date(time.dateTime);
    time.title = moment.toLocaleString(root.lang, { dateStyle: "medium", timeStyle: "long" });
  });

  // The theme changes at once; the cookie that the answer sets makes it last.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-theme-switch]");
    if (!form) return;
    event.preventDefault();
    const chosen = event.submitter;
    document.getElementById("dark-styles").media = chosen.dataset.media;
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button === chosen));
    }
    fetch(form.action, { method: "POST", body: new FormData(form, chosen), redirect: "manual" });
  });

  // A refusal that names its own place is shown there; any other failure is said above the page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.xhr.getResponseHeader("HX-Retarget")) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });

  const sayFailure = () => {
    const notice = document.getElementById("failure-notice").content.cloneNode(true);
    document.getElementById("notices").replaceChildren(notice);
  };
  document.addEventListener("htmx:responseError", sayFailure);
  document.addEventListener("htmx:sendError", sayFailure);
})();
