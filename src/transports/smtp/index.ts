export type { AttachedFile, CheckedMail, NamedAddress } from './checked-mail.js';
export type { ComposedMail } from './composed-mail.js';
export type { Mail, MailAddress, MailAttachment } from './mail.js';
export type { MailHeader } from './mail-headers.js';
export type { MailTransporter } from './mailer.js';
export type { ByServer, ByTransporter, RenderMail, SmtpMailOptions, SmtpOptions } from './options.js';
export type { NodemailerSettings, SmtpServer } from './server.js';
export { smtp } from './smtp.js';
