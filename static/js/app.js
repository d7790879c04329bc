// Small behaviours, each bound by a data attribute and delegated from the document, so that they hold for
// what htmx swaps in.
(() => {
  const root = document.documentElement;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const themeNow = () => root.dataset.theme || (systemDark.matches ? "dark" : "light");

  const announce = (text) => {
    const region = document.getElementById("announcer");
    if (region) region.textContent = text;
  };

  const markTheme = () => {
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-pressed", String(themeNow() === "dark"));
    }
  };

  const switchTheme = () => {
    const next = themeNow() === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    localStorage.setItem("farebox-theme", next);
    markTheme();
    document.dispatchEvent(new CustomEvent("farebox:theme"));
  };

  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return announce("Copying is not allowed here");
    }
    button.classList.add("text-success");
    announce("Copied");
    setTimeout(() => button.classList.remove("text-success"), 1500);
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, a, dialog");
    if (!target) return;
    if (target.matches("[data-theme-toggle]")) switchTheme();
    if (target.matches("[data-copy]")) copy(target.dataset.copy, target);
    if (target.matches("[data-copy-next]")) {
      copy(target.parentElement.nextElementSibling.textContent.trim(), target);
    }
    if (target.matches("[data-open]")) document.getElementById(target.dataset.open).showModal();
    if (target.matches("[data-close]")) target.closest("dialog").close();
    if (target.matches("dialog") && event.target === target) target.close();
    if (target.matches("[data-dismiss]")) target.closest("[data-toast]").remove();
    if (target.matches("[data-print]")) window.print();
  });

  // A second click on the same form sends nothing; coming back by the browser's button makes it live again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return event.preventDefault();
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "1";
    const button = event.submitter;
    if (button) {
      button.setAttribute("aria-busy", "true");
      button.classList.add("is-busy");
    }
  });

  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll(".is-busy")) {
      button.removeAttribute("aria-busy");
      button.classList.remove("is-busy");
    }
  });

  // Typing a custom amount picks its radio button.
  document.addEventListener("input", (event) => {
    const radio = event.target.dataset.picks && document.getElementById(event.target.dataset.picks);
    if (radio) radio.checked = true;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  });

  // A live part is swapped every other second: a screen reader hears of it only when its news is new.
  const heard = new Map();
  const tellNews = (aloud) => {
    for (const part of document.querySelectorAll("[data-announce]")) {
      if (aloud && heard.get(part.id) !== part.dataset.announce) announce(part.dataset.announce);
      heard.set(part.id, part.dataset.announce);
    }
  };
  document.addEventListener("DOMContentLoaded", () => tellNews(false));

  // When a live part has come to its end, the figure in the side navigation is asked for again.
  document.addEventListener("htmx:afterSettle", (event) => {
    tellNews(true);
    const asked = event.detail.pathInfo?.requestPath ?? "";
    if (asked.includes("/live/") && document.querySelector('[id$="-live"]:not([hx-get])')) {
      htmx.trigger(document.body, "wallet-changed");
    }
  });

  systemDark.addEventListener("change", () => {
    markTheme();
    document.dispatchEvent(new CustomEvent("farebox:theme"));
  });
  document.addEventListener("DOMContentLoaded", markTheme);
})();
