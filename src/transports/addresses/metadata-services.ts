/**
 * Where clouds hand a machine its own credentials and settings, to whoever asks from inside: what a forged destination is after.
 * They are known addresses, and some stand in ranges that `allowPrivate` opens or, as Azure's, among public ones.
 */
export const METADATA_ADDRESSES: readonly string[] = [
  '169.254.169.254', // AWS, Google Cloud, Azure, Oracle, DigitalOcean, OpenStack, IBM, Hetzner, and more
  '169.254.170.2', // AWS: the credentials of an ECS task
  '169.254.170.23', // AWS: EKS Pod Identity
  '169.254.0.23', // Tencent Cloud
  '169.254.42.42', // Scaleway
  '168.63.129.16', // Azure's WireServer, in a public range
  '100.100.100.200', // Alibaba Cloud, in the range of carrier-grade NAT
  '192.0.0.192', // Oracle Cloud
  'fd00:ec2::/32', // AWS: metadata, Pod Identity, resolver and time by IPv6
  'fd20:ce::254', // Google Cloud
  'fd00:c1::a9fe:a9fe', // Oracle Cloud
  'fd00:42::42', // Scaleway
  'fd00:a9fe:a9fe::1', // Akamai
  'fd00:100::100:200', // Alibaba Cloud
  'fe80::a9fe:a9fe', // OpenStack
];

/** What these services are called inside their clouds. A name is refused before it is resolved. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata', // Google Cloud
  'metadata.google.internal',
  'metadata.goog',
  'instance-data', // AWS
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'api.metadata.cloud.ibm.com',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'rancher-metadata',
]);

/** True for the name of a metadata service; `name` as `destinationOf` gives it. */
export function isMetadataName(name: string): boolean {
  return METADATA_NAMES.has(name);
}
