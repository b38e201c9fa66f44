// Two comforts, both of which the pages do without: a word before the visit ends, and about Caps Lock.
"use strict";

(function () {
  const left = Number(document.body.dataset.ends);
  const ending = document.getElementById("mft-ending");
  if (left && ending) {
    const warnAfter = Math.max(0, left - 120);
    setTimeout(() => { ending.hidden = false; }, warnAfter * 1000);
    setTimeout(() => { location.assign("/signin"); }, (left + 1) * 1000);
    ending.querySelector("a").addEventListener("click", (event) => {
      event.preventDefault();
      fetch(document.body.dataset.refresh, { credentials: "same-origin" }).then((answer) => {
        if (answer.ok && !answer.redirected) { location.reload(); } else { location.assign("/signin"); }
      });
    });
  }
  for (const field of document.querySelectorAll("input[type=password]")) {
    const hint = document.getElementById(field.id + "-caps");
    if (!hint) { continue; }
    for (const kind of ["keydown", "keyup", "mousedown"]) {
      field.addEventListener(kind, (event) => {
        const on = event.getModifierState && event.getModifierState("CapsLock");
        hint.textContent = on ? "Caps Lock is on." : "";
      });
    }
    field.addEventListener("blur", () => { hint.textContent = ""; });
  }
})();
