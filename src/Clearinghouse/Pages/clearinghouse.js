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
