# Writes a C file that holds texts, a table of engine/base/embedded.h:
#   cmake -DOUT=FILE -DTABLE=ug_some_texts -DTEXTS="NAME=PATH NAME=PATH …" -P embed.cmake
separate_arguments(TEXTS)
set(arrays "")
set(rows "")
set(number 0)
foreach(text IN LISTS TEXTS)
  string(REGEX MATCH "^([^=]+)=(.+)$" _ "${text}")
  set(name ${CMAKE_MATCH_1})
  file(READ ${CMAKE_MATCH_2} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char text_${number}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", text_${number}, sizeof text_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "#include \"engine/base/embedded.h\"\n\n${arrays}\n"
  "const struct ug_embedded ${TABLE}[] = {\n${rows}    {0, 0, 0},\n};\n")
