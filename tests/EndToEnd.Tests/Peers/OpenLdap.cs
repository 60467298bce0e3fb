namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>A real OpenLDAP inside a private xrdp, and nslcd, by which its NSS and PAM know the directory's people.</summary>
public static class OpenLdap
{
    /// <summary>What is run before xrdp starts: slapd on 127.0.0.1, with these people, all with <see cref="XrdpOptions.Password"/>, numbered from 5001.</summary>
    public static string Setup(params string[] people) => $$"""
        mkdir -p /run/ldap/db /run/nslcd
        chown nslcd: /run/nslcd
        password=$(slappasswd -h '{CRYPT}' -c '$6$%.16s' -s '{{XrdpOptions.Password}}')
        {
          printf 'include /etc/ldap/schema/%s.schema\n' core cosine nis
          printf 'modulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix "dc=test"\nrootdn "cn=admin,dc=test"\ndirectory /run/ldap/db\n'
        } >/run/ldap/slapd.conf
        {
          printf 'dn: dc=test\nobjectClass: dcObject\nobjectClass: organization\no: test\ndc: test\n'
          number=5001
          for name in {{string.Join(' ', people)}}; do
            printf '\ndn: uid=%s,dc=test\nobjectClass: account\nobjectClass: posixAccount\nobjectClass: shadowAccount\nuid: %s\ncn: %s\nuidNumber: %d\ngidNumber: 100\nhomeDirectory: /home/%s\nloginShell: /bin/bash\nuserPassword: %s\n' \
              $name $name $name $number $name "$password"
            mkdir -p /home/$name
            chown $number:100 /home/$name
            number=$((number + 1))
          done
        } >/run/ldap/people.ldif
        slapadd -q -f /run/ldap/slapd.conf -l /run/ldap/people.ldif
        slapd -f /run/ldap/slapd.conf -h ldap://127.0.0.1:389/ </dev/null >/var/log/slapd.out 2>&1
        (umask 077; printf 'uid nslcd\ngid nslcd\nuri ldap://127.0.0.1/\nbase dc=test\nmap shadow userPassword userPassword\n' >/etc/nslcd.conf)
        nslcd </dev/null >/var/log/nslcd.out 2>&1
        sed -i -E 's/^(passwd|group|shadow):.*/\1: files ldap/' /etc/nsswitch.conf
        for try in $(seq 50); do ! getent passwd {{people[0]}} >/dev/null || break; sleep .1; done
        getent passwd {{string.Join(' ', people)}} >/dev/null || fail "NSS does not know the directory's people"
        """;

    /// <summary>One line of shell that gives a person another name, who keeps the number.</summary>
    public static string Rename(string from, string to)
        => $"pkill -x slapd; sleep .5; slapcat -f /run/ldap/slapd.conf | sed 's/{from}/{to}/g' >/run/ldap/renamed.ldif && rm -f /run/ldap/db/* "
            + $"&& slapadd -q -f /run/ldap/slapd.conf -l /run/ldap/renamed.ldif && slapd -f /run/ldap/slapd.conf -h ldap://127.0.0.1:389/ </dev/null >/dev/null 2>&1 "
            + $"&& mv /home/{from} /home/{to} && sleep 1 && getent passwd {to}";
}
