#!/usr/bin/env bash
# HOCON: 0123 is 123 to the Java library, and 83 to Debian's ruby-hocon.
#
# GUESS: a HOCON file says the same to the program that runs (Jitsi's bridge and focus,
#   in Java) and to the command-line tool that its packages use to edit it (`hocon`,
#   in Ruby): both implement one specification, and both take decimal numbers.
# SEEN:  Ruby's number has the rules of a Ruby literal: a leading zero makes it octal,
#   without any word. 0123 is 83, while 0189 has no octal reading and becomes the
#   string "0189". Java reads 123 and 189. Neither refuses them, though JSON would.
set -euo pipefail
# shellcheck source=findings/common.bash
. "$(dirname "$0")/common.bash"
debs ruby-hocon=1.3.1-2 libtypesafe-config-java=1.3.1-2.1
unset LD_LIBRARY_PATH
gem=$root/usr/share/rubygems-integration/all/gems/hocon-1.3.1

cat >"$tmp/x.conf" <<'END'
octal = 0123
not-octal = 0189
plain = 123
END
cat >"$tmp/Show.java" <<'END'
import com.typesafe.config.*;

public class Show {
    public static void main(String[] file) {
        Config config = ConfigFactory.parseFile(new java.io.File(file[0]));
        for (String name : new String[] {"octal", "not-octal", "plain"}) {
            Object value = config.getAnyRef(name);
            System.out.println(name + " " + value + " " + (value instanceof Number ? "number" : "string"));
        }
    }
}
END
cat >"$tmp/show.rb" <<'END'
require 'hocon'
Hocon.load(ARGV[0]).each do |name, value|
  puts "#{name} #{value} #{value.is_a?(Numeric) ? 'number' : 'string'}"
end
END
java -cp "$root/usr/share/java/typesafe-config.jar" "$tmp/Show.java" "$tmp/x.conf" | sed 's/^/java: /' | tee "$tmp/seen"
ruby -I"$gem/lib" "$tmp/show.rb" "$tmp/x.conf" | sed 's/^/ruby: /' | tee -a "$tmp/seen"

said() { grep -qx "$1" "$tmp/seen"; }
still "both read 123 alike" eval 'said "java: plain 123 number" && said "ruby: plain 123 number"'
still "Java reads 0123 as 123" said "java: octal 123 number"
still "Ruby reads 0123 as 83" said "ruby: octal 83 number"
still "Java reads 0189 as the number 189" said "java: not-octal 189 number"
still "Ruby reads 0189 as a string" said "ruby: not-octal 0189 string"
