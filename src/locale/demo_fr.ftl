## `vigie demo`

demo-making = Fabrication d'une structure fictive et de son IGC (quelques secondes)…
demo-made = { $name } (structure fictive) : certificats, clés et déclaration sont dans { $folder }
demo-warning = Son IGC vient d'être fabriquée ici. Elle imite les noms de la hiérarchie TEST de l'IGC-Santé et n'en fait pas partie : aucun service ne l'accepte.
demo-planted = Ce qui y a été caché et que Vigie doit trouver :
demo-planted-expired = un certificat INSi déjà expiré : trop tard pour le renouveler ;
demo-planted-steps = des fins proches à chaque seuil : 55, 40, 20, 10 et 5 jours, sans successeur ;
demo-planted-sign = parmi elles, un cachet SIGN dont la clé ne peut plus signer un mois avant la fin du certificat ;
demo-planted-missing = un certificat MSSanté déclaré et introuvable ;
demo-planted-undeclared = un certificat que personne n'a déclaré ;
demo-planted-readable = une clé privée lisible par tous ;
demo-planted-copied = une clé privée copiée pour un second certificat ;
demo-planted-structure = un certificat au FINESS d'un autre établissement ;
demo-planted-served = un certificat renouvelé sur le disque alors que le serveur présente encore l'ancien.
demo-page = La page :
demo-commands = Les commandes :
demo-run = Pour lancer le service :
demo-stop = Ctrl-C pour arrêter.
demo-card = Une carte CPx virtuelle est dans le lecteur virtuel de cette machine : celle de l'administrateur, qui s'achève avant deux des renouvellements dont il a la charge (vigie card list). Les cartes de vos autres lecteurs sont lues aussi, sans code.
demo-card-how = Pour voir aussi une carte CPx : apt install pcscd vsmartcard-vpcd, lancez pcscd, puis relancez une nouvelle démonstration.
