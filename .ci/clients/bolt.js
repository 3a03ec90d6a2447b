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

const request = {
  type: 'modal', callback_id: 'request', title: text('Request'), submit: text('Ask'),
  blocks: [
    { type: 'alert', level: 'info', text: text('Nobody is reset before somebody approves.') },
    { type: 'input', block_id: 'group', optional: true, label: text('Group'), element: { type: 'multi_external_select', action_id: 'groups', min_query_length: 1 } },
    { type: 'input', block_id: 'file', optional: true, label: text('Roster'), element: { type: 'file_input', action_id: 'roster', filetypes: ['csv'], max_files: 1 } },
  ],
};

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

app.command('/factor-reset', async ({ command, ack, respond, client }) => {
  if (command.text === 'ack') return ack('answered in the ack');
  await ack();
  if (command.text === 'silent') return;
  if (command.text === 'form') return client.views.open({ trigger_id: command.trigger_id, view: request });
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

app.options('groups', async ({ options, ack }) => {
  await ack({ options: ['Contractors', 'Sales'].filter((name) => name.toLowerCase().includes(options.value)).map((name) => ({ text: text(name), value: '00g' + name })) });
});

app.view('request', async ({ ack, view }) => {
  await ack();
  const { group, file } = view.state.values;
  const found = file.roster.files[0];
  const bytes = await (await fetch(found.url_private_download, { headers: { Authorization: 'Bearer xoxb-sandbox' } })).text();
  seen.request = [group.groups.selected_options.map((o) => o.value).join(), found.name, bytes];
});

app.action('not_me', async ({ ack, body, client }) => {
  await ack();
  await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text: 'Thank you: ' + body.user.id, blocks: [] });
});

app.event('channel_left', async ({ event }) => { seen.left = event.channel; });

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

  async 'a form: options that the app offers, and a file'() {
    const { view } = await post('/sandbox/command', { user: 'U_REQUESTER', channel, text: '/factor-reset form' });
    const offered = await post('/sandbox/options', { user: 'U_REQUESTER', view_id: view.id, action_id: 'groups', value: 'sal' });
    assert.deepEqual(offered.options.map((o) => o.value), ['00gSales']);
    const values = (name) => ({ group: { groups: { type: 'multi_external_select', selected_options: offered.options } }, file: { roster: { type: 'file_input', files: [{ name, content: 'id\n1\n' }] } } });
    assert.ok((await post('/sandbox/view', { user: 'U_REQUESTER', view_id: view.id, values: values('roster.exe') })).errors.file);
    assert.equal((await post('/sandbox/view', { user: 'U_REQUESTER', view_id: view.id, values: values('roster.csv') })).ok, true);
    await until('the submission', () => seen.request);
    assert.deepEqual(seen.request, ['00gSales', 'roster.csv', 'id\n1\n']);
  },

  async 'a button in a direct message, pressed by nobody else'() {
    const { ts, channel: direct } = await app.client.chat.postMessage({
      channel: 'U_ANA', text: 'Your factors were reset.',
      blocks: [{ type: 'actions', elements: [{ type: 'button', action_id: 'not_me', value: 'FR-1:1', text: text("That wasn't me") }] }],
    });
    const press = (user) => fetch(url + '/sandbox/action', { method: 'POST', body: JSON.stringify({ user, channel: direct, message_ts: ts, action_id: 'not_me' }) });
    assert.equal((await press('U_GUEST')).status, 400);
    assert.equal((await press('U_ANA')).status, 200);
    await until('the answer', async () => (await messages(direct, 'U_ANA')).some((m) => m.ts === ts && m.text === 'Thank you: U_ANA'));
  },

  async 'taken out of the channel, and invited again'() {
    await post('/sandbox/command', { user: 'U_REQUESTER', channel, text: '/remove @factorbot' });
    await until('channel_left', () => seen.left === channel);
    assert.equal((await app.client.chat.postMessage({ channel, text: 'x' }).catch((e) => e)).data.error, 'not_in_channel');
    await post('/sandbox/command', { user: 'U_REQUESTER', channel, text: '/invite @factorbot' });
    assert.ok((await app.client.chat.postMessage({ channel, text: 'back' })).ok);
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
