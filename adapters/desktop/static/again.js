// A module that does not come, as while the engine is being started anew, is never asked for again by the browser: then the page
// is loaded again.

addEventListener('error', ({ target }) => {
  if (target.type === 'module' || target.rel === 'stylesheet') setTimeout(() => location.reload(), 1000);
}, true);
