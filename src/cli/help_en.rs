//! The help of the command line in English: each text of the sources, which are French, with its own.

/// French and English.
pub(super) const HELP_EN: &[(&str, &str)] = &[
    (
        "Vigie garde en vie les certificats logiciels et les cartes CPx des structures de santé",
        "Vigie watches over the software certificates and CPx cards of health structures",
    ),
    ("Fichier de configuration", "Configuration file"),
    ("Un document JSON sur la sortie standard, rien d'autre", "One JSON document on standard output, nothing else"),
    ("Langue : fr ou en (défaut : celle du système, sinon fr)", "Language: fr or en (default: the system's, else fr)"),
    (
        "Socket du service (défaut : celle de la configuration)",
        "Socket of the service (default: that of the configuration)",
    ),
    ("Faire tourner le service", "Run the service"),
    ("Lire des fichiers et dossiers, sans rien juger", "Read files and folders, judge nothing"),
    (
        "Lire et juger : des chemins (sans le service), ou --now (par le service)",
        "Read and judge: paths (without the service), or --now (by the service)",
    ),
    (
        "Chemin de certification et état de révocation d'un certificat, à partir de fichiers",
        "Certification path and revocation status of a certificate, from files",
    ),
    ("Listes de révocation (CRL)", "Revocation lists (CRL)"),
    (
        "Suivre une opposition de carte ou une demande de révocation jusqu'à sa publication",
        "Follow the opposition of a card, or a requested revocation, until it is published",
    ),
    ("La configuration", "The configuration"),
    ("Vérifier tout ce dont le service dépend", "Check everything the service depends on"),
    ("Une structure fictive et son service, pour essayer", "A fictional structure and its service, to try"),
    ("Les certificats déclarés et trouvés", "Certificates declared and found"),
    ("Un certificat en détail", "One certificate in detail"),
    ("L'état du service, ou d'un certificat", "State of the service, or of a certificate"),
    ("Ce que les règles disent", "What the rules say"),
    (
        "Sonde Nagios : 0 ok, 1 avertissement, 2 critique, 3 inconnu",
        "Nagios probe: 0 ok, 1 warning, 2 critical, 3 unknown",
    ),
    (
        "Déclaré contre trouvé : manquants, non déclarés, différents",
        "Declared against found: missing, undeclared, different",
    ),
    ("Les échéances, en calendrier iCalendar (.ics)", "Every end, as an iCalendar file (.ics)"),
    ("Les cartes CPx et leurs lecteurs", "CPx cards and their readers"),
    ("Relire la configuration", "Read the configuration again"),
    ("Les alertes : liste, prise en charge, essai, prévision", "Alerts: list, acknowledgement, test, forecast"),
    ("Le journal d'audit", "The audit trail"),
    ("Complétion pour un interpréteur de commandes", "Completion for a shell"),
    ("bash, zsh, fish, elvish ou powershell", "bash, zsh, fish, elvish or powershell"),
    ("La page de manuel, au format roff", "The manual page, in roff"),
    (
        "Dire toutes les fautes de la configuration, avec fichier, ligne, clé et remède",
        "Tell every mistake of the configuration, with file, line, key and cure",
    ),
    (
        "Fichier dont la première ligne est le mot de passe des PKCS#12 et des clés chiffrées",
        "File whose first line is the password of PKCS#12 files and encrypted keys",
    ),
    ("Fichiers et dossiers à lire", "Files and folders to read"),
    ("Demander au service de lire ses sources maintenant", "Ask the service to read its sources now"),
    (
        "Fichiers, dossiers ou motifs à lire et juger, sans le service",
        "Files, folders or patterns to read and judge, without the service",
    ),
    (
        "Seulement les certificats IGC-Santé, ceux dont la clé est là, et ceux qui ont un constat",
        "Only IGC-Santé certificates, those whose key is there, and those with a finding",
    ),
    ("Juger à cet instant (RFC 3339) plutôt que maintenant", "Judge at this instant (RFC 3339) rather than now"),
    ("Autorités de confiance : fichiers ou dossiers", "Trusted authorities: files or folders"),
    ("Certificats intermédiaires : fichiers ou dossiers", "Intermediate certificates: files or folders"),
    (
        "Listes de révocation, complètes et delta : fichiers ou dossiers",
        "Revocation lists, complete and delta: files or folders",
    ),
    ("Accepter les signatures SHA-1", "Accept SHA-1 signatures"),
    (
        "Le certificat à vérifier ; les autres certificats du fichier servent d'intermédiaires",
        "The certificate to verify; other certificates of the file serve as intermediates",
    ),
    ("Les listes suivies par le service", "The lists the service follows"),
    ("Demander toutes les listes maintenant", "Ask for every list now"),
    (
        "Faire prendre au service une liste d'un fichier, ou celles d'un dossier (réseau sans sortie)",
        "Make the service take a list from a file, or those of a folder (a network without a way out)",
    ),
    (
        "Oublier une liste : l'autorité a recommencé ses numéros, ou n'existe plus",
        "Forget a list: the authority began its numbers again, or is no more",
    ),
    (
        "Son nom, une de ses adresses, ou l'émetteur de celle qui fut importée (« crl list »)",
        "Its name, one of its addresses, or the issuer of one that was imported (`crl list`)",
    ),
    ("La liste (DER ou PEM)", "The list (DER or PEM)"),
    (
        "La liste (DER ou PEM), ou un dossier de listes, lisible par le service",
        "The list (DER or PEM), or a folder of lists, readable by the service",
    ),
    ("Ce que disent des listes, sans vérifier leur signature", "What lists say, their signature not verified"),
    (
        "Vérifier une liste : signature, fraîcheur, et l'état de numéros de série",
        "Verify a list: signature, freshness, and the status of serial numbers",
    ),
    ("Listes de révocation (DER, PEM ou PKCS#7)", "Revocation lists (DER, PEM or PKCS#7)"),
    ("Certificat de l'autorité qui signe la liste", "Certificate of the authority that signs the list"),
    ("Numéros de série en hexadécimal, un par ligne", "Serial numbers in hexadecimal, one a line"),
    (
        "Numéro de la carte (dix chiffres), ou identifiant d'un certificat dont la révocation est demandée",
        "Number of the card (ten digits), or id of a certificate whose revocation was requested",
    ),
    (
        "Moment de la déclaration à l'ANS (RFC 3339) ; maintenant, sinon. Répété, corrige celui qui fut dit",
        "When it was declared to the ANS (RFC 3339); now otherwise. Said again, it corrects what was said",
    ),
    (
        "Ne plus l'attendre : elle n'a pas été déclarée (numéro mal saisi)",
        "Await it no more: it was not declared (a number that was mistyped)",
    ),
    ("Pourquoi, en une ligne (avec --withdraw)", "Why, in one line (with --withdraw)"),
    (
        "Dossier de la démonstration, gardé à la fin et repris s'il en contient déjà une (défaut : un dossier temporaire)",
        "Folder of the demonstration, kept at the end and taken up again if it holds one (default: a temporary folder)",
    ),
    (
        "Adresse de la page (défaut : 127.0.0.1:8440, ou un port libre si elle est prise)",
        "Address of the page (default: 127.0.0.1:8440, or a free port if that is taken)",
    ),
    (
        "Lecteur virtuel (vpcd) où montrer une carte CPx (défaut : 127.0.0.1:35963, s'il y en a un)",
        "Virtual reader (vpcd) to show a CPx card in (default: 127.0.0.1:35963, if there is one)",
    ),
    (
        "Écrire les fichiers sans lancer le service (aucun point d'accès n'est alors déclaré)",
        "Write the files without starting the service (no endpoint is declared then)",
    ),
    (
        "Aussi les autorités publiques et tout ce qui a été trouvé",
        "Also public authorities and everything that was found",
    ),
    ("Seulement une structure", "Only one structure"),
    ("Seulement ceux qui finissent dans ce nombre de jours", "Only those that end within so many days"),
    (
        "Seulement un état : `not_yet_read`, missing, unreadable, `not_yet_valid`, valid, expiring, expired",
        "Only one state: `not_yet_read`, missing, unreadable, `not_yet_valid`, valid, expiring, expired",
    ),
    (
        "Identifiant déclaré, ou début de l'empreinte SHA-256",
        "Declared id, or the beginning of the SHA-256 fingerprint",
    ),
    ("Un certificat ; sans lui, le service entier", "A certificate; without it, the whole service"),
    (
        "Tout ce que les sources n'ont pas pu lire, lieu par lieu",
        "Everything the sources could not read, place by place",
    ),
    ("Au moins cette gravité : info, warning, critical", "At least this severity: info, warning, critical"),
    ("Seulement une règle", "Only one rule"),
    ("Aussi celles qui ne sont plus vraies", "Also those that are no longer true"),
    (
        "Avertissement quand un certificat finit dans moins de jours : 60, ou 60d",
        "Warning when a certificate ends in less than so many days: 60, or 60d",
    ),
    (
        "Critique quand un certificat finit dans moins de jours, pas plus que --warning",
        "Critical when a certificate ends in less than so many days, at most --warning",
    ),
    ("Les cartes déclarées et trouvées", "Cards declared and found"),
    (
        "Suivre les lecteurs : une ligne par changement, jusqu'à Ctrl-C",
        "Follow the readers: one line a change, until Ctrl-C",
    ),
    (
        "Lire les cartes présentes dans les lecteurs, sans le service et sans code",
        "Read the cards in the readers, without the service and without a code",
    ),
    ("Attente au plus, en secondes", "Longest wait, in seconds"),
    ("Les alertes ouvertes, les plus urgentes d'abord", "Open alerts, the most urgent first"),
    ("Prendre une alerte en charge jusqu'à une date", "Take an alert on until a date"),
    (
        "Envoyer un vrai message par chaque voie et dire ce qu'on a répondu",
        "Send a real message through every channel and tell what was answered",
    ),
    (
        "Quel message partira quel jour à qui, si personne ne fait rien",
        "Which message will leave on which day to whom, if nobody does anything",
    ),
    ("Aussi celles qui sont closes", "Also those that are closed"),
    ("Numéro de l'alerte", "Number of the alert"),
    ("Dernier jour sans rappel (2027-01-31)", "Last day without a reminder (2027-01-31)"),
    ("Pourquoi, en une ligne", "Why, in one line"),
    (
        "Adresse d'une personne du registre ou de alerts.fallback (défaut : celles des nouvelles)",
        "Address of a person of the register or of alerts.fallback (default: those that get the news)",
    ),
    ("Dernier jour (défaut : dans un an)", "Last day (default: in a year)"),
    ("Montrer les événements, du plus ancien au plus récent", "Show the events, oldest first"),
    ("Seulement après ce numéro", "Only after this number"),
    ("Seulement cette action, telle que la liste la nomme", "Only this action, as the list names it"),
    ("Seulement cet objet, tel que la liste le nomme", "Only this object, as the list names it"),
    ("Seulement cet acteur, tel que la liste le nomme", "Only this actor, as the list names it"),
    ("Seulement cette issue : done, refused ou failed", "Only this outcome: done, refused or failed"),
    ("À partir de cet instant, RFC 3339", "From this instant on (RFC 3339)"),
    ("Avant cet instant, RFC 3339", "Before this instant (RFC 3339)"),
    (
        "Au plus ce nombre, les derniers ; 50 quand rien d'autre n'est demandé",
        "At most so many, the last ones; 50 when nothing else is asked",
    ),
];
