import { type Group, literals } from './case.ts';

/** What is no URL, one of another scheme, or one that carries credentials. */
export const NO_DESTINATIONS: Group = {
  name: 'no URL for a callback',
  expected: 'refused',
  cases: literals(
    'http://user:secret@8.8.8.8/',
    'https://token@[2606:4700::1111]/',
    'http://8.8.8.8@127.0.0.1/',
    'http://127.0.0.1%2f@127.1/',
    'http://[::1%25eth0]/',
    'http://[fe80::1%eth0]/',
    'http://127.0.0.1:99999/',
    'http://127.0.0.256/',
    'http://0x100000000/',
    'http://1.2.3.4.5/',
    'http://[::127.0.0.256]/',
    'http://',
    'file:///etc/passwd',
    'ftp://8.8.8.8/',
    'gopher://127.0.0.1:6379/_INFO',
  ),
};
