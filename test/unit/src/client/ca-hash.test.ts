// The hash of an authority's key, compared with what openssl says of this certificate: x509 -pubkey | pkey -outform der | sha256sum.
import { caHash, isCaHash } from '../../../../src/client/ca-hash.ts';

const certificate = `-----BEGIN CERTIFICATE-----
MIIBgjCCASegAwIBAgIUP6X2fBxEcbSBNFRSE/mJZ5979jswCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKa3ViZXJuZXRlczAgFw0yNjExMjYyMjE1NDRaGA8yMTI2MTEw
MjIyMTU0NFowFTETMBEGA1UEAwwKa3ViZXJuZXRlczBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABA736m2HJTD2v2C+hHRo1gry8hlYxIWnwYqIhkV5AQdwxhhSexYR
Y6wiLGEb+iNO9Na98nIrxtadiJass0ERzOWjUzBRMB0GA1UdDgQWBBQt0EY2qLua
mBQYB059Qh2N2YjhTzAfBgNVHSMEGDAWgBQt0EY2qLuamBQYB059Qh2N2YjhTzAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCtC/QJ67NcorrfapsZ
AwYwHLRcCwyOOje5r9TSRmABTgIhAIU96xRrAws2eFbcmcit7xqJNDlYQeK4ibBO
Q2aZTvsK
-----END CERTIFICATE-----
`;
const hash = 'sha256:ba2b233904cf4f420a289f81d8f39286679fef8495a36d4639fef5ac6bcfd64d';

it('is that of the public key', () => { expect(caHash(certificate)).toBe(hash); });
it('is none of what is no certificate', () => { expect(() => caHash('PEM')).toThrow(); });
it.each([[hash, true], [hash.toUpperCase().replace('SHA', 'sha'), true], [hash.slice(0, -1), false], [hash.replace('sha256:', ''), false], [hash.replace('sha256', 'sha512'), false], ['', false]])('%s', (text, is) => { expect(isCaHash(text)).toBe(is); });
