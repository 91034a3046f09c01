import { type Group, literals, names, PUBLIC } from './case.ts';

/** What a guard must let through, much of it next to what it must not. */
export const PUBLIC_DESTINATIONS: readonly Group[] = [
  {
    name: 'public addresses and names',
    expected: 'connected',
    cases: [
      ...literals(
        'https://8.8.8.8/',
        'http://1.1.1.1:8080/hooks',
        'http://9.255.255.255/',
        'http://11.0.0.1/',
        'http://100.63.255.255/',
        'http://100.128.0.1/',
        'http://126.255.255.255/',
        'http://128.0.0.1/',
        'http://168.63.129.15/',
        'http://169.253.255.255/',
        'http://172.15.255.255/',
        'http://172.32.0.1/',
        'http://192.0.1.1/',
        'http://192.167.255.255/',
        'http://192.169.0.1/',
        'http://198.17.255.255/',
        'http://198.20.0.1/',
        'http://203.0.114.1/',
        'http://223.255.255.255/',
        'http://134744072/',
        'https://[2606:4700::1111]/',
        'https://[2a00:1450:4001:82a::200e]:8443/',
        'http://[2001:4860:4860::8888]/',
        'http://[2003::1]/',
      ),
      ...names({
        'https://customer.example/hooks?x=http://127.0.0.1/': [PUBLIC],
        'https://customer.example/#@127.0.0.1': [PUBLIC],
        'https://customer.example./': [PUBLIC],
        'https://both.example/': ['2606:4700::1111', '1.1.1.1'],
        'https://many.example/': ['1.1.1.1', '8.8.8.8', '9.9.9.9', '2606:4700::1111'],
        'http://hooks.internal.example/': ['1.1.1.1'],
        'http://localhost.customer.example/': ['1.1.1.1'],
        'https://metadata.customer.example/': ['1.1.1.1'],
        'https://bücher.example/': ['1.1.1.1'],
        'http://10.0.0.1.example/': ['1.1.1.1'],
        'http://xn--bcher-kva.example:8080/': ['1.1.1.1'],
      }),
      { url: 'http://moves.example/', lookups: [['1.1.1.1'], ['8.8.8.8']] },
    ],
  },
  {
    name: 'public IPv4 by NAT64 or in its mapped spelling',
    expected: 'connected',
    cases: [
      ...literals('https://[64:ff9b::808:808]/', 'https://[64:ff9b::8.8.8.8]/', 'https://[::ffff:8.8.8.8]/'),
      ...names({ 'https://dns64.example/': ['64:ff9b::808:808'], 'https://mapped.example/': ['::ffff:8.8.8.8'] }),
    ],
  },
];
