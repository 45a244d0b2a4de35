// Counts SMS parts with sms-segments-calculator (npm): for each line of stdin, a JSON list of texts, one line of stdout,
// [[encoding, segments, graphemes], ...]. One process serves a whole test run.
const { createInterface } = require('node:readline');
const { SegmentedMessage } = require('sms-segments-calculator');

createInterface({ input: process.stdin }).on('line', (line) => {
  const counted = JSON.parse(line).map((text) => {
    const made = new SegmentedMessage(text);
    return [made.encodingName, made.segmentsCount, made.graphemes.length];
  });
  process.stdout.write(`${JSON.stringify(counted)}\n`);
});
