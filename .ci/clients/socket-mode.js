// Slack's own Socket Mode client: sockets end in every way that Slack ends them.
'use strict';
const assert = require('node:assert/strict');
const { SocketModeClient } = require('@slack/socket-mode');
const { url, set, post, until, main } = require('./sandbox');

const open = () => new SocketModeClient({ appToken: 'xapp-sandbox', clientPingTimeout: 300, logLevel: 'error', clientOptions: { slackApiUrl: url + '/api/' } });
const client = open();
let connected = 0;
client.on('connected', () => { connected++; });
const heard = [];
client.on('message', async ({ event, ack, retry_num, retry_reason, body }) => {
  heard.push({ text: event.text, retry_num, retry_reason, id: body.event_id });
  if (event.text !== 'late' || retry_num) await ack();
});
const say = (text) => post('/sandbox/message', { user: 'U_REQUESTER', channel: 'C_FACTORS', text });
const hears = async (text) => {
  await say(text);
  return until('the event ' + text, () => heard.find((h) => h.text === text));
};

const steps = {
  async 'connects and hears'() {
    await client.start();
    await hears('hello');
  },
};
for (const reason of ['warning', 'refresh_requested', 'link_disabled', 'too_many_websockets']) {
  steps['reconnects after ' + reason] = async () => {
    const before = connected;
    await set({ slack_disconnect: reason });
    await until('a new socket', () => connected > before);
    await hears('after ' + reason);
  };
}
steps['reconnects after a cut without a word'] = async () => {
  const before = connected;
  await set({ slack_drop_sockets: true });
  await until('a new socket', () => connected > before);
  await hears('after the cut');
};
steps['an event nobody acknowledged comes again, and keeps its id'] = async () => {
  await set({ slack_retries: ['100ms', '1s', '1s'] });
  await say('late');
  const again = await until('the repetition', () => heard.find((h) => h.text === 'late' && h.retry_num === 1));
  assert.equal(again.retry_reason, 'timeout');
  assert.equal(new Set(heard.filter((h) => h.text === 'late').map((h) => h.id)).size, 1);
};
steps['two sockets share the events'] = async () => {
  const other = open();
  const there = [];
  other.on('message', async ({ event, ack }) => { there.push(event.text); await ack(); });
  await other.start();
  const texts = Array.from({ length: 30 }, (_, i) => 'shared ' + i);
  for (const text of texts) await say(text);
  const here = () => heard.map((h) => h.text).filter((t) => t.startsWith('shared'));
  await until('all events', () => here().length + there.length >= texts.length);
  assert.deepEqual([...here(), ...there].sort(), [...texts].sort());
  assert.ok(there.length > 0 && here().length > 0, `${here().length} here, ${there.length} there`);
  await other.disconnect();
};
steps['a wrong app token ends it'] = async () => {
  const wrong = new SocketModeClient({ appToken: 'xapp-wrong', logLevel: 'error', logger: { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => 'error', setName() {} }, clientOptions: { slackApiUrl: url + '/api/' } });
  await assert.rejects(wrong.start(), /invalid_auth/);
};
main(steps, () => client.disconnect());
