appendTo(KEYS[1], ARGV[1], unpack(ARGV, 2))
return 1
