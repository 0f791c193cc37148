// The colours, before the first paint: the remembered choice, else the system's. Not a module, which would come too late.
(() => {
  const light = matchMedia('(prefers-color-scheme: light)');
  let chosenHere = null; // holds until the page is left where nothing can be stored
  const choice = () => { try { return localStorage.getItem('phlare-theme') ?? chosenHere; } catch { return chosenHere; } };
  const paper = matchMedia('print'); // paper is light
  const apply = () => {
    const chosen = paper.matches ? 'light' : choice();
    document.documentElement.dataset.theme = chosen === 'light' || chosen === 'dark' ? chosen : light.matches ? 'light' : 'dark';
    document.dispatchEvent(new Event('themechange'));
  };
  for (const query of [light, paper]) query.addEventListener('change', apply);
  addEventListener('storage', apply); // chosen in another tab
  document.addEventListener('themechosen', ({ detail }) => {
    chosenHere = detail;
    try { localStorage.setItem('phlare-theme', detail); } catch { /* chosenHere has it */ }
    apply();
  });
  apply();
})();
