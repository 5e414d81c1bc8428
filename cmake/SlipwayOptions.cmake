# Flags shared by every target of the project. They live in an interface
# library, so nothing edits CMAKE_CXX_FLAGS and one precompiled header fits all.
add_library(slipway_flags INTERFACE)
target_compile_options(slipway_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor
  # Designated initialisers leave the other members to their defaults on purpose.
  -Wno-missing-field-initializers
  # g++ 12 at -O2 suspects every copy of a std::variant; sanitizers and clang look for the real thing.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<BOOL:${SLIPWAY_WERROR}>:-Werror>)
if(SLIPWAY_SANITIZE)
  target_compile_options(slipway_flags INTERFACE
    -fsanitize=${SLIPWAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(slipway_flags INTERFACE -fsanitize=${SLIPWAY_SANITIZE})
  if(SLIPWAY_SANITIZE_WITHOUT)
    target_compile_options(slipway_flags INTERFACE -fno-sanitize=${SLIPWAY_SANITIZE_WITHOUT})
  endif()
endif()
if(SLIPWAY_FUZZ)
  # Coverage for libFuzzer in every room; the harnesses bring its main().
  target_compile_options(slipway_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
# The program must start in milliseconds: bind lazily, drop what is not used.
target_link_options(slipway_flags INTERFACE -Wl,--as-needed)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(slipway_flags INTERFACE -fpch-preprocess)
  endif()
endif()

# Headers that nearly every file wants, compiled once.
file(WRITE "${CMAKE_BINARY_DIR}/pch.cpp.tmp" "// precompiled header holder\n")
file(COPY_FILE "${CMAKE_BINARY_DIR}/pch.cpp.tmp" "${CMAKE_BINARY_DIR}/pch.cpp" ONLY_IF_DIFFERENT)
add_library(slipway_pch OBJECT "${CMAKE_BINARY_DIR}/pch.cpp")
target_link_libraries(slipway_pch PUBLIC slipway_flags fmt::fmt tl::expected)
set(SLIPWAY_COMMON_HEADERS
  <algorithm> <array> <cstddef> <cstdint> <filesystem> <functional> <map> <memory> <optional> <span>
  <stop_token> <string> <string_view> <thread> <utility> <variant> <vector> <fmt/format.h>
  <tl/expected.hpp>)
target_precompile_headers(slipway_pch PRIVATE ${SLIPWAY_COMMON_HEADERS})
