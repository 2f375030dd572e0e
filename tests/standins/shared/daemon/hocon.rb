# Prints a HOCON file, its includes resolved, as JSON.
require 'json'
require 'hocon'

INCLUDE = /^\s*include\s+(required\(\s*)?(?:file\(\s*)?"([^"]+)"[\s)]*$/

# ruby-hocon 1.3.1 returns nothing at all for a file whose include is missing, and fails on Ruby 3.2
# where it is there; the Java programs pass over a missing one. So includes are resolved here.
def text_of(path)
  File.read(path).gsub(INCLUDE) do
    included = File.expand_path(Regexp.last_match(2), File.dirname(path))
    raise "#{included} is required and missing" if Regexp.last_match(1) && !File.file?(included)

    File.file?(included) ? text_of(included) : ''
  end
end

begin
  print JSON.generate(Hocon.parse(text_of(ARGV[0])))
rescue StandardError => e
  # One line: it ends up in the log of the daemon.
  abort e.message.lines.first.to_s.strip
end
