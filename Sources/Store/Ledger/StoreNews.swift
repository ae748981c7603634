/// News of commits by other processes, as soon as there are any: for a host that waits for many things at once.
///
/// It says that something may have been committed, by whomever: a reason to look (`SharedState.catchUp`), nothing more.
public protocol StoreNews: Sendable {
    /// To be watched for reading; `drain` takes what comes. It is closed with the last reference to this.
    var descriptor: Int32 { get }

    /// Takes the news; whether there may be something to look for in the store.
    func drain() -> Bool
}
