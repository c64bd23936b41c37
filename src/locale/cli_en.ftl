
## The command line

stop = { $message }
api-refusal = { $detail }
cli-no-such-certificate = no certificate goes by "{ $id }": vigie list shows them all
cli-no-such-rule = no rule is called "{ $code }"; there are: { $known }
cli-no-such-structure = no declared structure is called "{ $id }"; there are: { $known }
cli-not-readable = this account cannot read the file; --socket says where the service is
findings-none-such = No such finding.

usage-unknown-argument = unknown option: { $argument }
usage-unknown-command = unknown command: { $argument }
usage-no-value = { $argument } wants a value
usage-value = value refused for { $argument }: "{ $value }"
usage-missing = missing: { $argument }
usage-no-command = a command is missing
usage-conflict = { $argument } does not go with { $other }
usage-near = , perhaps "{ $near }"
usage-help = See: { $command } --help

check-inverted = --critical ({ $critical }) is more than --warning ({ $warning })
check-reason = { $title }: { $subject }{ $more ->
    [0] { "" }
    [one] {" "}and one more finding
   *[other] {" "}and { $more } more findings
}
check-because = { $reason }; { $counts }
check-store-failure = the database takes no change any more, what is shown is not certain

status-source-failed = Source { $source }: { $why } ({ $reason })
status-errors = { $count ->
    [one] One thing could not be read:
   *[other] { $count } things could not be read:
}
status-errors-more = … and { $count } more: vigie status --errors
status-errors-untold = … and { $count } more, of which the service keeps the number only

reload-added = { $what } added{ $keys }
reload-removed = { $what } removed{ $keys }
reload-changed = { $what } changed{ $keys }
reload-anchors = trust anchors: { $added } added, { $removed } removed
reload-next-start = { $key } changes at the next start

doctor-file-not-known = the service does not know this certificate yet
doctor-file-not-known-cure = vigie reload: the configuration changed since it was read
doctor-file-refused = the service (account { $user }) does not read { $path }: { $why } ({ $reason }; { $owner })
doctor-file-refused-cure = correct this file or the declared path
doctor-file-denied-cure = let the account { $user } read it: setfacl -m u:{ $user }:r { $path }, and setfacl -m u:{ $user }:x { $folder } where it cannot enter; or install the drop-in read-all.conf
doctor-file-absent = the service (account { $user }) does not find { $path }
doctor-files-service = { $count ->
    [one] one file read by the service (account { $user })
   *[other] { $count } files read by the service (account { $user })
}
scan-policy-ignored = { $file } cannot be taken into account: the rules judge by their defaults
