// What is done on a page so that it loads what a reader would see. Everything is bounded by time and counts; nothing is
// filled in or sent, and nothing is clicked but what the options name. Returns what was done.
async (options) => {
  const until = Date.now() + options.millis;
  const done = { scrolled: 0, candidates: 0, played: 0, clicked: 0, dismissed: 0, ended: "whole" };
  const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
  const isOver = () => Date.now() >= until;

  // Images that wait until they are seen, and every candidate of a srcset: a reader's screen may be another.
  const wanted = new Set();
  const eager = () => {
    for (const image of document.querySelectorAll("img[loading=lazy], iframe[loading=lazy]")) image.loading = "eager";
    for (const one of document.querySelectorAll("[srcset]")) {
      for (const candidate of one.srcset.split(/,\s+/)) {
        const address = candidate.trim().split(/\s+/)[0];
        if (!address || wanted.has(address) || wanted.size >= options.candidates) continue;
        wanted.add(address);
        const image = new Image();
        image.src = address;
        done.candidates += 1;
      }
    }
  };

  const play = () => {
    for (const media of document.querySelectorAll("video, audio")) {
      if (done.played >= options.media || !media.paused) continue;
      media.muted = true;
      media.play().catch(() => undefined);
      done.played += 1;
    }
  };

  // Down to the end, again and again while the page grows.
  const scroll = async () => {
    let still = 0;
    while (still < 3 && done.scrolled < options.scrolls && !isOver()) {
      const before = document.documentElement.scrollHeight;
      window.scrollBy(0, window.innerHeight);
      done.scrolled += 1;
      eager();
      await pause(options.pause);
      const end = window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 2;
      still = end && document.documentElement.scrollHeight === before ? still + 1 : 0;
    }
  };

  const shown = (selector) => {
    let button = null;
    try {
      button = document.querySelector(selector);
    } catch {
      done.mistakes = (done.mistakes || []).concat(selector);
    }
    // What is fixed to the window has no offsetParent, and still has boxes.
    return button && !button.disabled && button.getClientRects().length ? button : null;
  };

  for (const selector of options.dismiss) {
    const button = done.dismissed < options.clicks && !isOver() ? shown(selector) : null;
    if (!button) continue;
    button.click();
    done.dismissed += 1;
    await pause(options.pause);
  }
  eager();
  play();
  await scroll();
  for (const selector of options.click) {
    while (done.clicked < options.clicks && !isOver()) {
      const button = shown(selector);
      if (!button) break;
      button.click();
      done.clicked += 1;
      await pause(options.pause);
      await scroll();
    }
  }
  window.scrollTo(0, 0);
  if (isOver()) done.ended = "time";
  else if (done.scrolled >= options.scrolls || done.clicked >= options.clicks || done.dismissed >= options.clicks) done.ended = "bound";
  return done;
}
