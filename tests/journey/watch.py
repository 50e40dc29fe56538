"""What is looked at on every page: no complaint in the browser, and rules of accessibility."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page

# A refused form and a wrong password are answered with these: the browser notes it, as it should.
_EXPECTED = ("status of 401", "status of 422")
# Returns a line for each thing that somebody who cannot see it would miss.
_RULES = """root => {
  const missing = [];
  const tell = (rule, node) => missing.push(rule + ": " + node.outerHTML.slice(0, 120));
  const named = node => (node.getAttribute("aria-label") || node.textContent || "").trim()
    || node.getAttribute("aria-labelledby") || node.title
    || [...node.querySelectorAll("img[alt]")].some(image => image.alt);
  if (!root.lang) missing.push("page without lang");
  if (!root.ownerDocument.title.trim()) missing.push("page without title");
  const fields = "input:not([type=hidden]), select, textarea";
  for (const node of root.querySelectorAll(fields))
    if (!node.labels?.length && !node.getAttribute("aria-label")) tell("no label", node);
  for (const node of root.querySelectorAll("img:not([alt])")) tell("no alt", node);
  for (const node of root.querySelectorAll("button, a[href], summary"))
    if (!named(node)) tell("no name", node);
  for (const node of root.querySelectorAll("[role=img]")) if (!named(node)) tell("no name", node);
  for (const node of root.querySelectorAll("iframe")) if (!node.title) tell("no title", node);
  const seen = new Set();
  for (const { id } of root.querySelectorAll("[id]")) {
    if (seen.has(id)) missing.push("id twice: " + id);
    seen.add(id);
  }
  return missing;
}"""


@dataclass
class Watch:
    """Collects what a browser complains about: script errors, refused policies, lost files."""

    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Listen to all pages of a context, also those that come later."""
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(
            words in message.text for words in _EXPECTED
        ):
            self.complaints.append(f"{message.type}: {message.text}")


def inspect(page: Page | Locator) -> None:
    """Assert the rules of accessibility on a page, or on a framed page's `html`."""
    root = page.locator("html") if isinstance(page, Page) else page
    missing: list[str] = root.evaluate(_RULES)
    assert missing == []
