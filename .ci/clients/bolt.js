// A Bolt app, as one writes it against Slack.
'use strict';
const assert = require('node:assert/strict');
const { App } = require('@slack/bolt');
const { url, set, post, get, messages, upload, until, main } = require('./sandbox');

const app = new App({ token: 'xoxb-sandbox', appToken: 'xapp-sandbox', socketMode: true, logLevel: 'error', clientOptions: { slackApiUrl: url + '/api/' } });
const channel = 'C_FACTORS';
const seen = { files: [], triggers: [], errors: [], closed: 0 };
const text = (words) => ({ type: 'plain_text', text: words });
const form = (title, extra = {}) => ({
  type: 'modal', callback_id: 'form', title: text(title), submit: text('Save'), close: text('Back'), private_metadata: 'kept', notify_on_close: true,
  blocks: [{ type: 'input', block_id: 'why', label: text('Why'), element: { type: 'plain_text_input', action_id: 'reason' } }], ...extra,
});

app.error(async (error) => { seen.errors.push(error.message); });

app.message(async ({ message, client, say }) => {
  if (message.subtype !== 'file_share') return;
  const { file } = await client.files.info({ file: message.files[0].id });
  const bytes = await (await fetch(file.url_private_download, { headers: { Authorization: 'Bearer xoxb-sandbox' } })).text();
  seen.files.push({ name: file.name, bytes, by: message.user, comment: message.text });
  await say({
    text: 'got it', thread_ts: message.ts,
    blocks: [{ type: 'actions', block_id: 'deeds', elements: [{ type: 'button', action_id: 'decide', value: 'FR-1', text: text('Decide') }] }],
  });
});

app.command('/factor-reset', async ({ command, ack, respond }) => {
  if (command.text === 'ack') return ack('answered in the ack');
  await ack();
  if (command.text === 'silent') return;
  for (let i = 1; i <= 5; i++) await respond({ text: `answer ${i} to ${command.text}`, response_type: 'ephemeral' });
  const sixth = await fetch(command.response_url, { method: 'POST', body: JSON.stringify({ text: 'answer 6' }), headers: { 'Content-Type': 'application/json' } });
  seen.sixth = sixth.status;
});

app.action('decide', async ({ ack, body, client, action }) => {
  await ack();
  const { view } = await client.views.open({ trigger_id: body.trigger_id, view: form('One') });
  seen.triggers.push(action.value, (await client.views.open({ trigger_id: body.trigger_id, view: form('Two') }).catch((e) => e)).data?.error);
  const updated = await client.views.update({ view_id: view.id, hash: view.hash, view: form('One again') });
  seen.triggers.push((await client.views.update({ view_id: view.id, hash: view.hash, view: form('Stale') }).catch((e) => e)).data?.error);
  assert.notEqual(updated.view.hash, view.hash);
});

app.view('form', async ({ ack, view, body }) => {
  const reason = view.state.values.why.reason.value;
  assert.equal(view.private_metadata, 'kept');
  if (reason === 'no') return ack({ response_action: 'errors', errors: { why: 'say more' } });
  if (reason === 'next') return ack({ response_action: 'update', view: form('Updated') });
  if (reason === 'push') return ack({ response_action: 'push', view: form('Pushed') });
  if (reason === 'all') return ack({ response_action: 'clear' });
  await ack();
  seen.saved = [body.user.id, reason];
});

app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack }) => { await ack(); seen.closed++; });

app.event('app_home_opened', async ({ event, client }) => {
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: `Hello <@${event.user}>` } }] } });
});

const submit = (view_id, value) => post('/sandbox/view', { user: 'U_APPROVER1', view_id, values: { why: { reason: { type: 'plain_text_input', value } } } });

main({
  async 'starts'() {
    await app.start();
    await until('the socket', async () => (await get('/sandbox/books')).Sockets !== 0);
  },

  async 'a file with a comment, read through files.info and the private URL'() {
    await upload('U_REQUESTER', channel, 'lost phones', 'roster.csv', 'login\nana@example.com\n');
    const file = await until('the file', () => seen.files[0]);
    assert.deepEqual(file, { name: 'roster.csv', bytes: 'login\nana@example.com\n', by: 'U_REQUESTER', comment: 'lost phones' });
  },

  async 'a command: ack with text, five answers, no sixth'() {
    const quick = await post('/sandbox/command', { user: 'U_REQUESTER', channel, text: '/factor-reset ack' });
    assert.equal(quick.ephemeral[0].text, 'answered in the ack');
    await post('/sandbox/command', { user: 'U_REQUESTER', channel, text: '/factor-reset help' });
    await until('the sixth', () => seen.sixth);
    assert.ok(seen.sixth >= 400, `the sixth use got ${seen.sixth}`);
    const mine = (await messages(channel, 'U_REQUESTER')).filter((m) => /^answer \d to help/.test(m.text || ''));
    assert.equal(mine.length, 5);
    assert.equal((await messages(channel, 'U_ANA')).filter((m) => /^answer/.test(m.text || '')).length, 0);
    await post('/sandbox/reload', { user: 'U_REQUESTER' });
    assert.equal((await messages(channel, 'U_REQUESTER')).filter((m) => /^answer/.test(m.text || '')).length, 0);
  },

  async 'a button, a modal with errors, update, push, clear'() {
    const asked = await until('the button', async () => (await messages(channel)).find((m) => JSON.stringify(m.blocks || '').includes('decide')));
    await post('/sandbox/action', { user: 'U_APPROVER1', channel, message_ts: asked.ts, action_id: 'decide', value: 'FR-1' });
    await until('the modal', () => seen.triggers.length === 3);
    assert.deepEqual(seen.triggers, ['FR-1', 'exchanged_trigger_id', 'hash_conflict']);
    const shown = async () => (await get('/sandbox/state?user=U_APPROVER1')).views?.U_APPROVER1?.at(-1);
    const clicked = await post('/sandbox/action', { user: 'U_APPROVER1', channel, message_ts: asked.ts, action_id: 'decide', value: 'FR-1' });
    const view = clicked.view || (await until('the view', shown));
    assert.deepEqual((await submit(view.id, 'no')).errors, { why: 'say more' });
    assert.equal((await submit(view.id, 'next')).view.title.text, 'Updated');
    const pushed = (await submit(view.id, 'push')).view;
    assert.equal(pushed.title.text, 'Pushed');
    assert.equal(pushed.previous_view_id, view.id);
    const third = (await submit(pushed.id, 'push')).view;
    assert.equal(third.root_view_id, view.id);
    await post('/sandbox/close', { user: 'U_APPROVER1', view_id: third.id });
    await until('view_closed', () => seen.closed > 0);
    await submit(pushed.id, 'saved it');
    await until('the submission', () => seen.saved);
    assert.deepEqual(seen.saved, ['U_APPROVER1', 'saved it']);
    await submit(view.id, 'all');
  },

  async 'the home tab'() {
    const { view } = await get('/sandbox/home?user=U_ANA');
    assert.equal(view.blocks[0].text.text, 'Hello <@U_ANA>');
  },

  async 'what happens while it has no socket comes later'() {
    await set({ slack_retries: ['1s', '2s', '4s', '4s'] });
    for (const reason of ['warning', 'refresh_requested']) {
      await set({ slack_disconnect: reason });
      const before = seen.files.length;
      await upload('U_REQUESTER', channel, reason, 'again.csv', 'login\n');
      await until('the file after ' + reason, () => seen.files.length > before);
    }
    assert.deepEqual(seen.errors, []);
  },
}, () => app.stop());
