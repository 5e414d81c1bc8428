# What is installed beside the program, and the Debian package of it: ninja slipway && cpack -G DEB.
# With SOURCE_DATE_EPOCH set, the same program gives the same package.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(share "${CMAKE_BINARY_DIR}/share")

# The program writes its own completions and manual pages, so they are true of exactly this one. docs/CLI.md, a golden
# file of the tests, names the commands.
install(CODE "
  file(MAKE_DIRECTORY \"${share}/man1\")
  file(STRINGS \"${PROJECT_SOURCE_DIR}/docs/CLI.md\" commands REGEX \"^## slipway \")
  foreach(command IN LISTS commands)
    string(REGEX REPLACE \"^## slipway \" \"\" command \"\${command}\")
    execute_process(COMMAND \"${CMAKE_BINARY_DIR}/slipway\" completion man \${command} COMMAND gzip -9nc
      OUTPUT_FILE \"${share}/man1/slipway-\${command}.1.gz\" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  foreach(word IN ITEMS bash zsh fish man)
    execute_process(COMMAND \"${CMAKE_BINARY_DIR}/slipway\" completion \${word}
      OUTPUT_FILE \"${share}/\${word}\" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  foreach(pair IN ITEMS \"man:slipway.1\" \"changelog:changelog\" \"news:NEWS.md\")
    string(REPLACE \":\" \";\" pair \"\${pair}\")
    list(GET pair 0 from)
    list(GET pair 1 to)
    if(from STREQUAL changelog)
      set(from \"${PROJECT_SOURCE_DIR}/packaging/changelog\")
    elseif(from STREQUAL news)
      set(from \"${PROJECT_SOURCE_DIR}/CHANGELOG.md\")
    else()
      set(from \"${share}/\${from}\")
    endif()
    execute_process(COMMAND gzip -9nc \"\${from}\" OUTPUT_FILE \"${share}/\${to}.gz\" COMMAND_ERROR_IS_FATAL ANY)
  endforeach()")
install(FILES "${share}/bash" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME slipway)
install(FILES "${share}/zsh" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" RENAME _slipway)
install(FILES "${share}/fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" RENAME slipway.fish)
install(FILES "${share}/slipway.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(DIRECTORY "${share}/man1/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" FILES_MATCHING PATTERN "slipway-*.1.gz")
install(DIRECTORY docs/schemas/ DESTINATION "${CMAKE_INSTALL_DATADIR}/slipway/schemas" FILES_MATCHING PATTERN "*.json")
install(FILES "${share}/changelog.gz" "${share}/NEWS.md.gz" packaging/copyright README.md
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES packaging/lintian-overrides DESTINATION "${CMAKE_INSTALL_DATADIR}/lintian/overrides" RENAME slipway)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME slipway)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_PACKAGE_CONTACT "The slipway authors <slipway@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "build, release and run OCI images by digest")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Packs compiled outputs into OCI images, reproducibly and without a daemon,
promotes the very same digest from environment to environment, records every
release in a ledger kept in the registry, and hands the pinned release to
whatever runs it.")
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Loaded when first needed, so that nothing links them.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libcurl4 | libcurl4t64, libarchive13 | libarchive13t64")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "elfutils, libsqlite3-0")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
