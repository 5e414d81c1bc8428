# slipway_add_room(NAME [USES rooms...] [LINKS libraries...] [HEADERS_OF libraries...])
#
# One static library a room. It sees its own private headers, the public
# headers of the project and the rooms it USES; it LINKS third-party libraries
# that nobody else sees. HEADERS_OF gives the headers only: such a library is
# loaded with dlopen when it is first needed (docs/DECISIONS/0004).
function(slipway_add_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS;HEADERS_OF" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
  if(NOT sources)
    add_library(slipway_${name} INTERFACE)
    add_library(slipway::${name} ALIAS slipway_${name})
    target_include_directories(slipway_${name} INTERFACE "${PROJECT_SOURCE_DIR}/include")
    list(TRANSFORM ROOM_USES PREPEND slipway::)
    target_link_libraries(slipway_${name} INTERFACE ${ROOM_USES} tl::expected fmt::fmt)
    return()
  endif()
  add_library(slipway_${name} STATIC ${sources})
  add_library(slipway::${name} ALIAS slipway_${name})
  target_include_directories(slipway_${name}
    PUBLIC "${PROJECT_SOURCE_DIR}/include"
    PRIVATE "${PROJECT_SOURCE_DIR}/src")
  list(TRANSFORM ROOM_USES PREPEND slipway::)
  target_link_libraries(slipway_${name}
    PUBLIC ${ROOM_USES} tl::expected fmt::fmt
    PRIVATE slipway_flags ${ROOM_LINKS})
  foreach(library IN LISTS ROOM_HEADERS_OF)
    target_include_directories(slipway_${name} SYSTEM PRIVATE
      $<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>)
    target_link_libraries(slipway_${name} PRIVATE ${CMAKE_DL_LIBS})
  endforeach()
  target_precompile_headers(slipway_${name} REUSE_FROM slipway_pch)
endfunction()

# slipway_compile_as_test(TARGET): tests are compiled more often than they run, so without optimisation.
function(slipway_compile_as_test target)
  target_link_libraries(${target} PRIVATE slipway_test_flags)
  target_precompile_headers(${target} REUSE_FROM slipway_test_pch)
endfunction()

# slipway_add_tests(ROOM [LINKS ...]): tests/ROOM/*_test.cpp become one binary.
function(slipway_add_tests room)
  cmake_parse_arguments(TEST "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${room}/*_test.cpp")
  if(NOT sources)
    return()
  endif()
  add_executable(${room}_tests ${sources})
  target_link_libraries(${room}_tests PRIVATE
    slipway::${room} slipway_test_support slipway_flags ${TEST_LINKS} GTest::gmock_main)
  target_include_directories(${room}_tests PRIVATE
    "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
  slipway_compile_as_test(${room}_tests)
  add_test(NAME ${room} COMMAND ${room}_tests --gtest_brief=1)
  set_tests_properties(${room} PROPERTIES LABELS unit TIMEOUT 900
    ENVIRONMENT "SLIPWAY_TESTDATA=${PROJECT_SOURCE_DIR}/testdata")
endfunction()
