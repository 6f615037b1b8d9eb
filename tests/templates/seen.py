"""What a browser shows of a mail: its words, their colours and sizes, what is cut off or in the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page
from written_mail import Mail

# How a mail program may show it.
VERSIONS = ("light", "dark", "stripped", "without images")
ENOUGH_CONTRAST = 4.5  # WCAG 2.2, 1.4.3

# Every run of text that is seen: its colour, the colour behind it, its size in pixels.
SEEN_TEXT = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  };
  const light = c => {
    const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node; node = walker.nextNode();) {
    const e = node.parentElement, style = getComputedStyle(e);
    if (!node.textContent.trim() || !e.checkVisibility() || e.closest('style, script')) continue;
    const [a, b] = [light(parse(style.color).slice(0, 3)), light(behind(e))];
    found.push({
      text: node.textContent.trim().slice(0, 60),
      contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
      size: parseFloat(style.fontSize),
      body: !!e.closest('.content') && !e.closest('figcaption, sup, .attribution'),
    });
  }
  return found;
}"""


# What is out of the window, cut off by something around it, or on top of something else. Of a line of text
# only the middle counts, where the letters are: fonts leave room above and below that lines may share.
FAULTS = """() => {
  const found = [], boxes = [];
  const shown = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const clips = e => {
    const s = getComputedStyle(e);
    return s.overflowX !== 'visible' || s.overflowY !== 'visible' || s.clipPath !== 'none';
  };
  const name = b => b.text || b.element.tagName.toLowerCase() + '.' + b.element.className;
  const add = (element, text, r, middle) => {
    const half = middle ? Math.min(r.height, parseFloat(getComputedStyle(element).fontSize) * 0.7) / 2 : 0;
    const centre = (r.top + r.bottom) / 2;
    const box = { element, text, middle, left: r.left, right: r.right, width: r.width,
                  top: middle ? centre - half : r.top, bottom: middle ? centre + half : r.bottom };
    if (r.width > 0.5 && r.height > 0.5) boxes.push(box);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const e = node.parentElement;
    if (!node.textContent.trim() || e.closest('style, script') || !shown(e)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) add(e, node.textContent.trim().slice(0, 40), r, true);
  }
  for (const e of document.images) if (shown(e)) add(e, '[' + e.alt + ']', e.getBoundingClientRect(), false);
  for (const b of boxes) {
    if (b.left < -0.5 || b.right > innerWidth + 0.5) found.push('out of the window: ' + name(b));
    const first = b.middle ? b.element : b.element.parentElement;
    for (let e = first; e && e !== document.documentElement; e = e.parentElement) {
      if (!clips(e)) continue;
      const r = e.getBoundingClientRect();
      if (b.left < r.left - 1 || b.right > r.right + 1 || b.top < r.top - 1 || b.bottom > r.bottom + 1)
        found.push('cut off: ' + name(b));
    }
  }
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
                      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length; j++)
      if (boxes[i].element !== boxes[j].element && meet(boxes[i], boxes[j]))
        found.push(name(boxes[i]) + ' lies on ' + name(boxes[j]));
  for (const parent of document.body.querySelectorAll('*')) {
    const blocks = [...parent.children].filter(e => shown(e) && getComputedStyle(e).display !== 'inline')
      .map(element => ({ element, ...element.getBoundingClientRect().toJSON() }));
    for (let i = 1; i < blocks.length; i++)
      if (meet(blocks[i - 1], blocks[i])) found.push(name(blocks[i - 1]) + ' runs into ' + name(blocks[i]));
  }
  for (const e of document.querySelectorAll('.page *'))
    if (e.scrollWidth > e.clientWidth + 1 && clips(e)) found.push('needs scrolling: ' + name({ element: e }));
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
  scrollTo(-1000, 0);
  if (scrollX) found.push('the page scrolls to the left');
  return found;
}"""


@contextmanager
def opened(browser: Browser, html: str, width: int = 375, scheme: Any = "light") -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    page = context.new_page()
    page.set_content(html, wait_until="domcontentloaded")
    # One that isn't there shows its alt text only once it has failed.
    page.wait_for_function("[...document.images].every(image => image.complete)")
    yield page
    context.close()


def version(mail: Mail, name: str) -> tuple[str, Any]:
    """Return the HTML of a mail as it is shown in one of the versions, and the colour scheme."""
    html = {"stripped": mail.stripped, "without images": mail.without_images}.get(name, mail.html)
    return html, "dark" if name == "dark" else "light"
