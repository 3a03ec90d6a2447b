// What a person does in the sandbox, for the scripts beside this one.
'use strict';
const assert = require('node:assert/strict');

const url = process.env.SANDBOX_URL.replace(/\/$/, '');

async function answer(response) {
  const body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return body;
}

const post = async (path, body) =>
  answer(await fetch(url + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }));
const get = async (path) => answer(await fetch(url + path));

const set = (values) => post('/sandbox/set', values);
const messages = async (channel, user) =>
  (await get(`/sandbox/messages?channel=${channel}${user ? '&user=' + user : ''}`)).messages;

async function upload(user, channel, comment, name, content) {
  const form = new FormData();
  for (const [key, value] of Object.entries({ user, channel, comment })) form.set(key, value);
  form.set('file', new Blob([content], { type: 'text/csv' }), name);
  return answer(await fetch(url + '/sandbox/upload', { method: 'POST', body: form }));
}

// until waits, 3 min at most, for a value that find returns.
async function until(what, find) {
  for (const end = Date.now() + 180000; Date.now() < end; ) {
    const found = await find();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 25));
  }
  throw new Error('waited in vain for ' + what);
}

// rejected returns the error with which a promise ends.
async function rejected(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  assert.fail('not refused: ' + JSON.stringify(value));
}

// main runs the steps one after the other and names the one that failed.
async function main(steps, end) {
  let failed = 0;
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step();
      console.log('ok   ' + name);
    } catch (error) {
      failed++;
      console.log('FAIL ' + name + '\n' + (error.stack || error));
    }
  }
  if (end) await end();
  process.exit(failed ? 1 : 0);
}

module.exports = { url, post, get, set, messages, upload, until, rejected, main };
