# Prints a HOCON file, its includes resolved, as JSON.
require 'json'
require 'hocon'

# ruby-hocon 1.3.1 returns nothing at all for a file whose include is missing, and fails on Ruby 3.2
# where it is there; the Java programs pass over a missing one. So includes are resolved here.
def text_of(path)
  File.read(path).gsub(/^\s*include\s+(?:file\()?"([^"]+)"\)?\s*$/) do
    included = File.expand_path(Regexp.last_match(1), File.dirname(path))
    File.file?(included) ? text_of(included) : ''
  end
end

print JSON.generate(Hocon.parse(text_of(ARGV[0])))
