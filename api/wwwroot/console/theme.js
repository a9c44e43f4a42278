// Runs before anything is painted, so that the page does not flash in the other theme.
(() => {
  try {
    const chosen = localStorage.getItem('agentgrid.theme');
    if (chosen) document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage can be switched off; the system's preference is used then.
  }
})();
