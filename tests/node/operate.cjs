// What a page does when somebody uses it. In: {"browser", "visits": [{"file", "script", "width", "steps"}]} on stdin; a
// step is {"fill": [selector, text]}, {"select": [selector, value]}, {"click": selector} or {"go": "#anchor"}.
// Out: for each visit what was asked of the network, what the console said, and the table after each step.
const { readFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const table = () => ({
  rows: [...document.querySelectorAll("#campaigns tbody tr")].filter((row) => row.checkVisibility()).map((row) => row.id),
  sorted: [...document.querySelectorAll("#campaigns th[aria-sort]")]
    .map((head) => `${head.textContent} ${head.getAttribute("aria-sort")}`),
  found: document.querySelector("#found")?.textContent ?? null,
  order: document.querySelector("#order")?.value ?? null,
  filter: document.querySelector("#filter")?.checkVisibility() ?? null,
  target: document.querySelector("tr:target")?.checkVisibility() ?? null,
});

async function step(page, one) {
  if (one.fill) await page.fill(...one.fill);
  if (one.select) await page.selectOption(...one.select);
  if (one.click) await page.click(one.click);
  if (one.go) await page.evaluate((anchor) => new Promise((resolve) => {
    addEventListener("hashchange", () => setTimeout(resolve), { once: true });
    location.hash = anchor;
  }), one.go);
}

async function visit(browser, { file, script, width, steps }) {
  const context = await browser.newContext({
    viewport: { width, height: 900 }, javaScriptEnabled: script, offline: true,
  });
  const page = await context.newPage();
  const requests = [];
  const complaints = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(pathToFileURL(file).href);
  const seen = [await page.evaluate(table)];
  for (const one of steps) {
    await step(page, one);
    seen.push(await page.evaluate(table));
  }
  const text = await page.evaluate(() => document.body.innerText);
  const times = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    const begin = performance.now();
    const name = document.querySelector("#name");
    if (name) name.value = "coffee";
    name?.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();
    const middle = performance.now();
    document.querySelector('#campaigns th[aria-sort] button')?.click();
    document.body.getBoundingClientRect();
    const [filter, sort] = [middle - begin, performance.now() - middle];
    return { interactive: navigation.domContentLoadedEventEnd, loaded: navigation.loadEventEnd, filter, sort };
  });
  await context.close();
  return { seen, requests, complaints, text, times };
}

async function main() {
  const { browser: executablePath, visits } = JSON.parse(readFileSync(0, "utf8"));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const all = [];
    for (const one of visits) all.push(await visit(browser, one));
    process.stdout.write(JSON.stringify(all));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
