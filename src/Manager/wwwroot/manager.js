// Copying, which only a script can do. Buttons name what they copy; pages come and go, so one listener stands above all of them.
document.addEventListener("click", async event => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  const text = button && document.getElementById(button.dataset.copy)?.textContent;
  if (!text) return;
  const was = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(document.getElementById(button.dataset.copy));
    button.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { button.textContent = was; }, 2000);
});
