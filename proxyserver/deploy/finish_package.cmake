# Run by cpack on what it has staged: manual pages and the changelog are compressed as Debian wants them.
file(GLOB files ${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/man*/*.[18]
                ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/dns-over-tls/changelog.Debian)
foreach(file IN LISTS files)
  execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
