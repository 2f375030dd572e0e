# Prints a HOCON file, its includes resolved, as JSON.
require 'json'

# ruby-hocon 1.3.1 calls what Ruby 3.2 removed, whenever a file includes another by relative name.
class File
  class << self
    alias exists? exist? unless method_defined?(:exists?)
  end
end

require 'hocon'

print JSON.generate(Hocon.load(ARGV[0]))
