// Slack's own Web API client against the sandbox.
'use strict';
const assert = require('node:assert/strict');
const { WebClient } = require('@slack/web-api');
const { url, set, messages, until, rejected, main } = require('./sandbox');

const slackApiUrl = url + '/api/';
const web = new WebClient('xoxb-sandbox', { slackApiUrl });
const channel = 'C_FACTORS';
const refused = async (promise) => (await rejected(promise)).data.error;

main({
  async 'auth.test, and what bad tokens get'() {
    const me = await web.auth.test();
    assert.equal(me.user_id, 'U_FACTORBOT');
    assert.ok(me.bot_id && me.team_id && me.url);
    assert.equal(await refused(new WebClient('xoxb-wrong', { slackApiUrl }).auth.test()), 'invalid_auth');
    assert.equal(await refused(new WebClient(undefined, { slackApiUrl }).auth.test()), 'not_authed');
    assert.equal(await refused(web.apps.connections.open({})), 'not_allowed_token_type');
  },

  async 'paginate: users, channels, history, replies, members'() {
    const people = [];
    for await (const page of web.paginate('users.list', { limit: 3 })) people.push(...page.members);
    assert.ok(people.length >= 8 && new Set(people.map((p) => p.id)).size === people.length);
    assert.ok(people.some((p) => p.deleted) && people.some((p) => p.is_bot) && people.some((p) => p.is_restricted));
    const channels = [];
    for await (const page of web.paginate('conversations.list', { limit: 1 })) channels.push(...page.channels);
    assert.ok(channels.length >= 3);
    const members = [];
    for await (const page of web.paginate('conversations.members', { channel, limit: 2 })) members.push(...page.members);
    assert.ok(members.includes('U_FACTORBOT') && members.includes('U_REQUESTER'));

    const root = (await web.chat.postMessage({ channel, text: 'root' })).ts;
    for (let i = 0; i < 5; i++) await web.chat.postMessage({ channel, thread_ts: root, text: 'reply ' + i });
    const replies = [];
    for await (const page of web.paginate('conversations.replies', { channel, ts: root, limit: 2 })) replies.push(...page.messages);
    assert.deepEqual([...new Set(replies.map((m) => m.text))], ['root', 'reply 0', 'reply 1', 'reply 2', 'reply 3', 'reply 4']);
    for (let i = 0; i < 4; i++) await web.chat.postMessage({ channel, text: 'post ' + i });
    const history = [];
    for await (const page of web.paginate('conversations.history', { channel, limit: 2 })) history.push(...page.messages);
    assert.deepEqual(history.slice(0, 4).map((m) => m.text), ['post 3', 'post 2', 'post 1', 'post 0']);
    assert.ok(history.every((m, i) => i === 0 || m.ts < history[i - 1].ts));
  },

  async 'rate limits: waits for Retry-After and tries again'() {
    let told = 0;
    const patient = new WebClient('xoxb-sandbox', { slackApiUrl });
    patient.on('rate_limited', (seconds) => { told = seconds; });
    await set({ slack_fail_next: [{ method: 'users.info', kind: 'rate_limited', times: 1 }] });
    const before = Date.now();
    assert.equal((await patient.users.info({ user: 'U_ANA' })).user.id, 'U_ANA');
    assert.ok(told >= 1 && Date.now() - before >= 950, `told ${told}, waited ${Date.now() - before} ms`);
    await set({ slack_fail_next: [{ method: 'users.info', kind: 'rate_limited', times: 1 }] });
    const impatient = new WebClient('xoxb-sandbox', { slackApiUrl, rejectRateLimitedCalls: true });
    const error = await rejected(impatient.users.info({ user: 'U_ANA' }));
    assert.equal(error.code, 'slack_webapi_rate_limited_error');
    assert.equal(error.retryAfter, 1);
  },

  async 'a 503 and a lost answer are tried again'() {
    const stubborn = new WebClient('xoxb-sandbox', { slackApiUrl, retryConfig: { retries: 3, minTimeout: 10 } });
    await set({ slack_fail_next: [{ method: 'users.info', kind: '5xx', times: 1 }, { method: 'users.info', kind: 'lost', times: 1 }] });
    assert.ok((await stubborn.users.info({ user: 'U_ANA' })).ok);
  },

  async 'invalid_blocks with a pointer'() {
    const section = (extra) => ({ type: 'section', text: { type: 'mrkdwn', text: 'x' }, ...extra });
    const button = (id, text = 'Go') => ({ type: 'button', action_id: id, text: { type: 'plain_text', text } });
    const wrong = async (blocks) => {
      const { data } = await rejected(web.chat.postMessage({ channel, text: 'x', blocks }));
      assert.equal(data.error, 'invalid_blocks');
      return data.errors.join('\n');
    };
    assert.match(await wrong([section(), { type: 'no_such_block' }]), /json-pointer:\/blocks\/1/);
    assert.match(await wrong([section({ colour: 'red' })]), /json-pointer:\/blocks\/0/);
    assert.match(await wrong([{ type: 'actions', elements: [button('a', 'x'.repeat(76))] }]), /json-pointer:\/blocks\/0\/elements\/0\/text/);
    await wrong([section({ text: { type: 'mrkdwn', text: 'x'.repeat(3001) } })]);
    await wrong([{ type: 'actions', elements: [button('a'), button('a')] }]);
    await wrong([section({ block_id: 'b' }), section({ block_id: 'b' })]);
    await wrong(Array(51).fill(section()));
    assert.ok((await web.chat.postMessage({ channel, text: 'x', blocks: [section({ text: { type: 'mrkdwn', text: 'x'.repeat(3000) } })] })).ok);
  },

  async 'messages: update, limits of the text, metadata, delete'() {
    const { ts } = await web.chat.postMessage({ channel, text: 'before', metadata: { event_type: 'job', event_payload: { id: 'FR-1' } } });
    assert.equal((await web.chat.update({ channel, ts, text: 'after' })).text, 'after');
    assert.equal(await refused(web.chat.update({ channel, ts, text: 'x'.repeat(4001) })), 'msg_too_long');
    const [plain] = (await web.conversations.history({ channel, latest: ts, inclusive: true, limit: 1 })).messages;
    assert.equal(plain.metadata?.event_payload, undefined);
    const [full] = (await web.conversations.history({ channel, latest: ts, inclusive: true, limit: 1, include_all_metadata: true })).messages;
    assert.deepEqual(full.metadata, { event_type: 'job', event_payload: { id: 'FR-1' } });
    const long = await web.chat.postMessage({ channel, text: 'x'.repeat(40100) });
    assert.equal(long.message.text.length, 40000);
    await web.chat.delete({ channel, ts });
    assert.equal(await refused(web.chat.update({ channel, ts, text: 'gone' })), 'message_not_found');
    assert.ok((await web.chat.getPermalink({ channel, message_ts: long.ts })).permalink.startsWith('http'));
    await web.reactions.add({ channel, timestamp: long.ts, name: 'eyes' });
    assert.equal(await refused(web.reactions.add({ channel, timestamp: long.ts, name: 'eyes' })), 'already_reacted');
  },

  async 'channels: archived, private, unknown, not joined'() {
    const post = (to) => web.chat.postMessage({ channel: to, text: 'x' });
    assert.equal(await refused(post('C_NOWHERE')), 'channel_not_found');
    assert.equal(await refused(post('C_LEADS')), 'channel_not_found');
    assert.equal(await refused(post('C_GENERAL')), 'not_in_channel');
    await set({ slack_channels: { C_ARCHIVED: { members: ['U_FACTORBOT', 'U_REQUESTER'] } } });
    assert.equal(await refused(post('C_ARCHIVED')), 'is_archived');
    assert.equal(await refused(web.conversations.replies({ channel, ts: '1.000001' })), 'thread_not_found');
  },

  async 'people: by e-mail, deactivated, a stranger, user groups'() {
    assert.equal((await web.users.lookupByEmail({ email: 'ana@example.com' })).user.id, 'U_ANA');
    assert.equal(await refused(web.users.lookupByEmail({ email: 'gone@example.com' })), 'users_not_found');
    assert.equal(await refused(web.users.info({ user: 'U_NOBODY' })), 'user_not_found');
    assert.equal((await web.users.info({ user: 'U_GONE' })).user.deleted, true);
    assert.notEqual((await web.users.info({ user: 'U_STRANGER' })).user.team_id, (await web.auth.test()).team_id);
    assert.equal(await refused(web.conversations.open({ users: 'U_GONE' })), 'user_disabled');
    assert.ok((await web.conversations.open({ users: 'U_ANA' })).channel.id.startsWith('D'));
    const { usergroups } = await web.usergroups.list({ include_users: true });
    const leads = usergroups.find((g) => g.handle === 'security');
    assert.deepEqual((await web.usergroups.users.list({ usergroup: leads.id })).users, leads.users);
  },

  async 'files: upload in three steps, share later, download, the sign-in page'() {
    const thread = (await web.chat.postMessage({ channel, text: 'a thread' })).ts;
    const up = await web.files.uploadV2({ channel_id: channel, thread_ts: thread, initial_comment: 'the file', filename: 'a.csv', file: Buffer.from('id\n1\n'), title: 'A' });
    const { id } = up.files[0].files[0];
    const file = await until('the share', async () => {
      const got = (await web.files.info({ file: id })).file;
      return got.shares?.public?.[channel] && got;
    });
    assert.equal(file.shares.public[channel][0].thread_ts, thread);
    const bytes = await (await fetch(file.url_private_download, { headers: { Authorization: 'Bearer xoxb-sandbox' } })).text();
    assert.equal(bytes, 'id\n1\n');
    const without = await fetch(file.url_private_download);
    assert.equal(without.status, 200);
    assert.match(without.headers.get('content-type'), /text\/html/);
    assert.ok(without.redirected);
    assert.ok((await messages(channel)).some((m) => m.thread_ts === thread && m.files?.[0]?.id === id));
    await web.files.delete({ file: id });
    assert.match(await refused(web.files.info({ file: id })), /file_(deleted|not_found)/);
    assert.equal(await refused(web.files.getUploadURLExternal({ filename: 'a', length: 0 })), 'invalid_arguments');
  },

  async 'ephemeral: to one person, not to who is not there'() {
    const { message_ts } = await web.chat.postEphemeral({ channel, user: 'U_ANA', text: 'only you' });
    const seen = async (user) => (await messages(channel, user)).some((m) => m.ts === message_ts);
    assert.ok(await seen('U_ANA'));
    assert.ok(!(await seen('U_REQUESTER')));
    assert.equal(await refused(web.chat.update({ channel, ts: message_ts, text: 'x' })), 'message_not_found');
    assert.equal(await refused(web.chat.postEphemeral({ channel, user: 'U_GONE', text: 'x' })), 'user_not_in_channel');
  },

  async 'scopes: missing_scope says which'() {
    await set({ slack_scopes: ['chat:write'] });
    try {
      const { data } = await rejected(web.users.info({ user: 'U_ANA' }));
      assert.deepEqual([data.error, data.needed, data.provided], ['missing_scope', 'users:read', 'chat:write']);
    } finally {
      await set({ slack_scopes: null });
    }
  },
});
