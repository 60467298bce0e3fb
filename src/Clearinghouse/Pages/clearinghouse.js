// Everything here is a convenience: the page does its work without.
"use strict";
const code = document.getElementById("code");
// A QR picture of a license server leads here with the code behind the #, which no server sees.
if (code && location.hash.length > 1) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
const copy = document.getElementById("copy");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById("answer").value);
    document.getElementById("copied").textContent = "Copied.";
  });
}
const camera = document.getElementById("camera");
if (camera && "BarcodeDetector" in window && navigator.mediaDevices) {
  camera.hidden = false;
  const view = document.getElementById("view"), state = document.getElementById("camera-state");
  document.getElementById("scan").addEventListener("click", async () => {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (refused) {
      state.textContent = "The camera cannot be used: " + refused.message;
      return;
    }
    view.srcObject = stream;
    view.hidden = false;
    await view.play();
    state.textContent = "Hold the QR picture before the camera.";
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const look = async () => {
      const [found] = await detector.detect(view);
      if (!found) {
        setTimeout(look, 200);
        return;
      }
      stream.getTracks().forEach(track => track.stop());
      view.hidden = true;
      const text = found.rawValue;
      code.value = text.includes("#") ? decodeURIComponent(text.slice(text.indexOf("#") + 1)) : text;
      state.textContent = "The code is in the field above.";
      code.focus();
    };
    look();
  });
}
// Groups are checked by the server as they are typed, whatever their order; several that are pasted go into the fields that follow.
for (const groups of document.querySelectorAll(".groups")) {
  const fields = [...groups.querySelectorAll("input")], state = groups.querySelector(".groups-state");
  let asked = 0;
  const check = async () => {
    const body = new URLSearchParams({ kind: groups.dataset.kind });
    fields.forEach(field => body.set(field.name, field.value));
    const mine = ++asked;
    const reply = await fetch("/operator/groups", { method: "POST", body });
    if (!reply.ok || mine !== asked)
      return;
    const errors = await reply.json();
    let right = 0;
    for (const field of fields) {
      const error = errors[field.name];
      document.getElementById(field.id + "-error").textContent = error ?? "";
      field.toggleAttribute("aria-invalid", Boolean(error));
      field.classList.toggle("right", !error && field.value.trim() !== "");
      right += !error && field.value.trim() !== "" ? 1 : 0;
    }
    state.textContent = `${right} of ${fields.length} groups are right.`;
  };
  fields.forEach((field, index) => {
    field.addEventListener("change", check);
    field.addEventListener("paste", event => {
      const parts = event.clipboardData.getData("text").trim().split(/[\s,;-]+/);
      if (parts.length < 2)
        return;
      event.preventDefault();
      parts.slice(0, fields.length - index).forEach((part, offset) => { fields[index + offset].value = part; });
      check();
    });
  });
}
