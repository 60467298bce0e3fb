using CsCheck;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

public sealed class CorpusTests
{
    public static TheoryData<string, string> Files
    {
        get
        {
            var files = new TheoryData<string, string>();
            foreach (var oracle in Oracles.All.Keys)
            {
                foreach (var name in Corpora.Names(oracle))
                    files.Add(oracle, name);
            }

            return files;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void What_once_was_on_the_wire_breaks_nothing(string oracle, string name) => Oracles.All[oracle](Corpora.Read(oracle, name));

    [Theory]
    [MemberData(nameof(Files))]
    public void Mutations_of_what_was_on_the_wire_break_nothing(string oracle, string name)
    {
        var original = Corpora.Read(oracle, name);
        if (original.Length == 0)
            return;

        Gen.Select(Gen.Int[0, original.Length - 1], Gen.Byte).Array[1, 4].Sample(
            changes =>
            {
                var bytes = (byte[])original.Clone();
                foreach (var (position, value) in changes)
                    bytes[position] = value;
                Oracles.All[oracle](bytes);
            },
            iter: 40,
            threads: 1);
    }

    [Theory]
    [InlineData("xfreerdp-2.11-connection-request", typeof(ConnectionRequest))]
    [InlineData("rdesktop-1.9-connection-request", typeof(ConnectionRequest))]
    [InlineData("xrdp-0.9-connection-confirm-to-xfreerdp-2.11", typeof(ConnectionConfirm))]
    [InlineData("xfreerdp-2.11-connect-initial", typeof(McsConnectInitial))]
    [InlineData("xrdp-0.9-license-request", typeof(LicensingPdu))]
    [InlineData("xrdp-0.9-valid-client", typeof(LicensingPdu))]
    public void What_real_peers_send_is_read_and_written_back_as_it_came(string name, Type type)
    {
        var bytes = Corpora.Read("AnyPdu", name);
        var sample = Samples.All.First(sample => sample.Type == type);

        var (written, size) = sample.ReadAndWrite(bytes);

        Assert.Equal(bytes.Length, size);
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(written));
    }

    [Theory]
    [InlineData("xfreerdp-2.11-client-info")]
    [InlineData("rdesktop-1.9-client-info")]
    public void Of_a_real_client_info_all_is_kept_but_the_password(string name)
    {
        const string Password = "*********";
        var bytes = Corpora.Read("AnyPdu", name);

        var info = Pdu.Decode<ClientInfo>(bytes);

        Assert.Equal("alice", info.UserName);
        Assert.Equal(bytes.Length - 2 * Password.Length, info.Size);
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(info.EncodeWithPassword(Password)));
    }
}
