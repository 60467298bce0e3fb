namespace Ostiary.Contracts.Activation;

/// <summary><c>POST /v1/key-packs/transfers</c> of a clearinghouse: key packs go to the license server that asks. The same request again gets the same answer.</summary>
/// <param name="Request">The activation request of the license server that asks, which holds its key.</param>
/// <param name="Proof">Its signature over <see cref="ActivateRequest.ToBeProven"/>.</param>
/// <param name="Statement">A <see cref="Statements.TransferStatement"/>, signed by the license server that had them.</param>
public sealed record MovePacksRequest(byte[] Request, byte[] Proof, byte[] Statement);

/// <param name="KeyPacks">In the order of the statement.</param>
public sealed record MovePacksResponse(IReadOnlyList<MovedPack> KeyPacks);

/// <param name="From">The number that it had.</param>
/// <param name="KeyPack">The statement for the license server that asks, under a number of its own.</param>
public sealed record MovedPack(Guid From, RedeemResponse KeyPack);

/// <summary><c>POST /v1/key-packs/transfers/undo</c>: a transfer is taken back, unless its key packs have been moved. Answers the same as it was asked.</summary>
/// <param name="Statement">A <see cref="Statements.TransferUndoStatement"/>, signed by the license server that had the key packs.</param>
public sealed record UndoTransferRequest(byte[] Statement);
