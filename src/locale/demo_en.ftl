## `vigie demo`

demo-making = Making a fictional structure and its PKI (a few seconds)…
demo-made = { $name } (fictional structure): certificates, keys and declaration are in { $folder }
demo-warning = Its PKI was made here just now. It imitates the names of the IGC-Santé TEST hierarchy and is no part of it: no service accepts it.
demo-planted = What was hidden in it for Vigie to find:
demo-planted-expired = an INSi certificate that has expired: too late to renew it;
demo-planted-steps = ends near at every threshold: 55, 40, 20, 10 and 5 days, without a successor;
demo-planted-sign = among them a SIGN seal whose key may no longer sign a month before the certificate ends;
demo-planted-missing = an MSSanté certificate that is declared and nowhere to be found;
demo-planted-undeclared = a certificate nobody declared;
demo-planted-readable = a private key everybody may read;
demo-planted-copied = a private key copied for a second certificate;
demo-planted-structure = a certificate with the FINESS of another establishment;
demo-planted-served = a certificate renewed on disk while its server still shows the old one.
demo-page = The page:
demo-commands = The commands:
demo-run = To start the service:
demo-stop = Ctrl-C to stop.
demo-card = A virtual CPx card is in the virtual reader of this machine: the administrator's, which ends before two of the renewals that are his to do (vigie card list). Cards in your other readers are read too, without a code.
demo-card-how = To see a CPx card too: apt install pcscd vsmartcard-vpcd, start pcscd, then start a new demonstration.
