#!/usr/bin/env bash
# HOCON in Java: an include is found for "./main.conf", and silently not for "main.conf".
#
# GUESS: a relative include is looked up beside the file that has it, so how that file
#   was named, main.conf or ./main.conf, makes no difference.
# SEEN:  for a bare name the library has no parent folder to look in, and an include
#   that is not found counts as empty. The values of the included file are missing
#   without a word, though both files lie in the working folder. ruby-hocon, of the
#   same specification, finds it either way, so a check with that tool shows nothing.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs ruby-hocon=1.3.1-2
unset LD_LIBRARY_PATH
gem=$root/usr/share/rubygems-integration/all/gems/hocon-1.3.1
mvn -q -B -Dmaven.repo.local="$tmp/m2" -Dartifact=com.typesafe:config:1.4.3 \
    -DoutputDirectory="$tmp" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy >"$tmp/mvn.log" ||
    { cat "$tmp/mvn.log" >&2; exit 2; }
echo "com.typesafe:config 1.4.3, ruby-hocon 1.3.1"

cd "$tmp"
echo 'port = 2000' >site.conf
printf '%s\n' 'port = 1000' 'include "site.conf"' >main.conf
cat >Show.java <<'END'
import com.typesafe.config.*;

public class Show {
    public static void main(String[] names) {
        for (String name : names) {
            Config config = ConfigFactory.parseFile(new java.io.File(name));
            System.out.println("java " + name + ": " + config.getInt("port"));
        }
    }
}
END
cat >show.rb <<'END'
require 'hocon'
ARGV.each { |name| puts "ruby #{name}: #{Hocon.load(name)['port']}" }
END
{
    java -cp config-1.4.3.jar Show.java main.conf ./main.conf
    ruby -I"$gem/lib" show.rb main.conf ./main.conf
} | tee seen
still "Java, ./main.conf: the include is read" grep -qx 'java ./main.conf: 2000' seen
still "Java, main.conf: it is not, and nothing is said" grep -qx 'java main.conf: 1000' seen
still "Ruby reads it either way" test "$(grep -c '^ruby .*: 2000$' seen)" -eq 2
