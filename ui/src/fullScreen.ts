// Owns showing the page without anything of the browser round it, where the browser can.

export function toggleFullScreen(): void {
  const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.();
  // A browser, or a frame that may not, stays as it is.
  void done?.catch(() => undefined);
}
